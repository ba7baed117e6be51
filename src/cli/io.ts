import { printable } from '../lib/printable.js';

/** The parts of the process that a command uses. Only cli/ uses it. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdin: { fd: number; isTTY: boolean };
  /** `isOpen`: false after the reader has closed the pipe */
  stdout: { write(text: string): void; isTTY: boolean; isOpen(): boolean };
  /** width of standard output (columns.ts) */
  columns(): number;
  /** the effective user id; undefined on systems without */
  userId(): number | undefined;
  stderr: { write(text: string): void; isTTY: boolean };
}

/** Exit statuses of all commands but `hook`. */
export const EXIT = { ok: 0, findings: 1, failed: 2 } as const;

/**
 * One line for standard error; control characters, as in file names, are escaped.
 * @param start the program, or `note`
 */
export function errorLine(start: string, message: string): string {
  return `${start}: ${printable(message)}\n`;
}
