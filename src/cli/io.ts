import { printable } from '../lib/printable.js';

/** What a command needs of the process; nothing below cli/ sees it. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdin: { fd: number; isTTY: boolean };
  /** `isOpen`: nobody has gone away who read it */
  stdout: { write(text: string): void; isTTY: boolean; isOpen(): boolean };
  /** columns of the terminal, or what people expect where there is none */
  columns(): number;
  /** effective; undefined where the system has none */
  userId(): number | undefined;
  stderr: { write(text: string): void; isTTY: boolean };
}

/** Exit statuses of every command but `hook`. */
export const EXIT = { ok: 0, findings: 1, failed: 2 } as const;

/** One line for standard error, whatever a file's name holds. */
export function errorLine(program: string, message: string): string {
  return `${program}: ${printable(message)}\n`;
}
