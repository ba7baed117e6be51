import { spawn } from 'node:child_process';

export type Outcome = { code: number | null; stdout: string; stderr: string };
export type RunOptions = {
  input?: string | Uint8Array;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** milliseconds after which the command is killed and the run fails */
  timeLimit?: number;
};

/** Runs a command to its end, without a shell. `code` is null if a signal ended it. Throws if it cannot start. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { cwd, env = process.env, timeLimit } = options;
    const child = spawn(command, args, { env, ...(cwd === undefined ? {} : { cwd }) });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const guard =
      timeLimit &&
      setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`${[command, ...args].join(' ')} still runs after ${timeLimit / 1000} s`));
      }, timeLimit);
    child.on('error', reject);
    child.on('close', () => clearTimeout(guard));
    child.on('close', (code) => resolve({ code, stdout: text(stdout), stderr: text(stderr) }));
    // A command may end without reading all its input.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
