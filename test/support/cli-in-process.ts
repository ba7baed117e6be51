import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/cli/run.js';
import type { Outcome, RunOptions } from './run.js';
import { TemporaryFolder } from './temporary-folder.js';

/**
 * Runs a command line in this process, without colours and outside a terminal: a fifth of the time of runCli(), for
 * what does not depend on the executable. It changes the current directory, so call it for one command at a time.
 */
export async function runInProcess(
  program: 'hostdev-cpuset' | 'lint-domain',
  args: readonly string[],
  { input = '', cwd = process.cwd(), env = process.env }: Omit<RunOptions, 'timeLimit'> = {},
): Promise<Outcome> {
  if (env.NODE_OPTIONS !== process.env.NODE_OPTIONS) throw new Error('NODE_OPTIONS needs a process: use runCli()');
  const folder = new TemporaryFolder();
  const stdin = join(folder.path, 'stdin');
  writeFileSync(stdin, input);
  const fd = openSync(stdin, 'r');
  const before = process.cwd();
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: false,
    isOpen: () => true,
    write: (text: string) => {
      written[name] += text;
    },
  });
  process.chdir(cwd);
  try {
    const code = await run(program, args, {
      env: { ...process.env, NO_COLOR: '1', ...env },
      columns: () => 80,
      userId: () => process.geteuid?.(),
      stdin: { fd, isTTY: false },
      stdout: stream('stdout'),
      stderr: stream('stderr'),
    });
    return { code, ...written };
  } finally {
    process.chdir(before);
    closeSync(fd);
    folder.remove();
  }
}
