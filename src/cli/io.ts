import { isatty } from 'node:tty';

/** What a command needs of the process; nothing below cli/ sees it. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdin: { fd: number; isTTY: boolean };
  stdout: { write(text: string): void; isTTY: boolean };
  /** columns of the terminal, or what people expect where there is none */
  columns(): number;
  /** effective; undefined where the system has none */
  userId(): number | undefined;
  stderr: { write(text: string): void; isTTY: boolean };
}

/** The tool could not do its work: exit status 2, and this one line. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Exit statuses of every command but `hook`. */
export const EXIT = { ok: 0, findings: 1, failed: 2 } as const;

export function processIo(program: string): Io {
  // Opening Node's streams takes a millisecond each, and most runs write to one of them.
  const output = (fd: number, name: string, open: () => NodeJS.WriteStream) => {
    let stream: NodeJS.WriteStream | undefined;
    return {
      isTTY: isatty(fd),
      write: (text: string) => {
        stream ??= open().on('error', (error: NodeJS.ErrnoException) => {
          // A reader that went away (`| head`) is no failure of ours.
          if (error.code === 'EPIPE') return;
          process.stderr.write(errorLine(program, `${name}: ${error.message}`));
          process.exit(EXIT.failed);
        });
        stream.write(text);
      },
    };
  };
  return {
    env: process.env,
    columns: () => (isatty(1) ? process.stdout.columns : 80),
    userId: () => process.geteuid?.(),
    stdin: { fd: 0, isTTY: isatty(0) },
    stdout: output(1, 'standard output', () => process.stdout),
    stderr: output(2, 'standard error', () => process.stderr),
  };
}

/** One line for standard error, whatever a file's name holds. */
export function errorLine(program: string, message: string): string {
  return `${program}: ${message.replace(/\p{Cc}/gu, '\ufffd')}\n`;
}
