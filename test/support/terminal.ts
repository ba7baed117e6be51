import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { projectRoot } from './cli.js';
import { type Outcome, run } from './run.js';

/**
 * Runs an executable with a terminal as standard input, output and error, by `script` of util-linux; `code` is its exit
 * status, `stdout` what the terminal got. `redirection` is the shell's. Needs `script` of needs.ts.
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

/** What a person does: waits until the terminal shows `when`, then types, or has it done. */
export interface Step {
  when: RegExp;
  type: string | ((pid: number) => void);
}

/**
 * The same with a person, who takes the steps one after the other; each looks at what came since the one before. `pid`
 * is the one of `script`, whose only child is the shell of the executable.
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
      // readline moves the cursor around its question
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
    // What it waits for may never come: the hang-up ends it, and the step is named.
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
