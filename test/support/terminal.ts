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
  const words = [process.execPath, `${projectRoot}dist/bin/${bin}.cjs`, ...args];
  const command = `${words.map(quote).join(' ')} ${redirection}`;
  const { NO_COLOR: _, ...inherited } = process.env;
  return run('script', ['-qec', command, '/dev/null'], {
    env: { ...inherited, TERM: 'xterm', SHELL: '/bin/sh', ...env },
  });
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
