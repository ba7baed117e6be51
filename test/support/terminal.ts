import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { projectRoot } from './cli.js';
import { type Outcome, run } from './run.js';

/**
 * Runs an executable on a terminal with `script` of util-linux. `code` is its exit status, `stdout` the terminal's
 * output. `redirection` is in shell syntax. Needs `script` of needs.ts.
 */
export function runInTerminal(
  bin: 'hostdev-cpuset' | 'lint-domain',
  args: string[],
  { redirection = '', env = {} }: { redirection?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return run('script', scriptOf(bin, args, redirection), { env: terminalEnv(env) });
}

/** Milliseconds. */
const PATIENCE = 20_000;

/** A step of a user: waits until the terminal shows `when`, then types text, or calls a function. */
export interface Step {
  when: RegExp;
  type: string | ((pid: number) => void);
}

/**
 * The same with user input: the steps are taken in order, and each looks only at output since the previous one. `pid`
 * is that of `script`, whose only child is the executable's shell.
 */
export function talkInTerminal(
  bin: 'hostdev-cpuset' | 'lint-domain',
  args: string[],
  steps: Step[],
  { env = {}, prefix = '' }: { env?: NodeJS.ProcessEnv; prefix?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', scriptOf(bin, args, '', prefix), { env: terminalEnv(env) });
    const left = [...steps];
    let stdout = '';
    let seen = 0;
    let failure: unknown;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      // readline moves the cursor around its question.
      for (let step = left[0]; step?.when.test(stripVTControlCharacters(stdout.slice(seen))); step = left[0]) {
        left.shift();
        seen = stdout.length;
        try {
          if (typeof step.type === 'string') child.stdin.write(step.type);
          else step.type(child.pid as number);
        } catch (error) {
          failure ??= error;
          child.kill('SIGKILL');
        }
      }
    });
    // If the expected output never comes, the terminal is hung up and the step reported.
    const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(patience);
      if (failure !== undefined) reject(failure);
      else if (left.length === 0) resolve({ code, stdout, stderr: '' });
      else reject(new Error(`${left[0]?.when} never came: ${JSON.stringify(stdout)}`));
    });
    child.stdin.on('error', () => {});
  });
}

function scriptOf(bin: string, args: string[], redirection: string, prefix = ''): string[] {
  const words = [process.execPath, `${projectRoot}dist/bin/${bin}.cjs`, ...args];
  return ['-qec', `${prefix} exec ${words.map(quote).join(' ')} ${redirection}`, '/dev/null'];
}

function terminalEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NO_COLOR: _, ...inherited } = process.env;
  return { ...inherited, TERM: 'xterm', SHELL: '/bin/sh', ...env };
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
