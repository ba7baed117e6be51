import { fileURLToPath } from 'node:url';
import { type Outcome, type RunOptions, run } from './run.js';

/** The project's directory, with a trailing slash. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Far more milliseconds than any command takes on a busy machine. */
const HANGS = 120_000;

/** Runs the built executable like a user, without colours. Throws only if Node cannot be started. */
export function runCli(
  bin: 'hostdev-cpuset' | 'lint-domain',
  args: string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: '1', ...options.env };
  return run(process.execPath, [`${projectRoot}dist/bin/${bin}.cjs`, ...args], { timeLimit: HANGS, ...options, env });
}
