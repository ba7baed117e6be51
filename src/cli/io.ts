/** What a command needs of the process; nothing below cli/ sees it. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdin: { fd: number; isTTY: boolean };
  stdout: { write(text: string): void; isTTY: boolean };
  stderr: { write(text: string): void; isTTY: boolean };
}

/** The tool could not do its work: exit status 2, and this one line. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Exit statuses of every command but `hook`. */
export const EXIT = { ok: 0, findings: 1, failed: 2 } as const;

export function processIo(): Io {
  // A reader that went away (`| head`) is no failure of ours.
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  const stream = (out: NodeJS.WriteStream) => ({ write: (text: string) => void out.write(text), isTTY: out.isTTY });
  return {
    env: process.env,
    stdin: { fd: 0, isTTY: process.stdin.isTTY },
    stdout: stream(process.stdout),
    stderr: stream(process.stderr),
  };
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
