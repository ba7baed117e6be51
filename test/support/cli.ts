import { fileURLToPath } from 'node:url';
import { type Outcome, type RunOptions, run } from './run.js';

/** The folder of the checkout, with a slash at its end. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Milliseconds: far more than any command takes on a busy machine. */
const HANGS = 120_000;

/** Runs the built executable as a user would, without colours. Throws only when node itself cannot be started. */
export function runCli(
  bin: 'hostdev-cpuset' | 'lint-domain',
  args: string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: '1', ...options.env };
  return run(process.execPath, [`${projectRoot}dist/bin/${bin}.cjs`, ...args], { timeLimit: HANGS, ...options, env });
}
