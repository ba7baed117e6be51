import { execFile } from 'node:child_process';

/** Runs a program to its end. Returns its standard output. Throws with all its output if the status is not 0. */
export function run(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 120_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      reject(new Error(`${[program, ...args].join(' ')}: ${error.code ?? error.signal}\n${stderr}${stdout}`));
    });
  });
}
