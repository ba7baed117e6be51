// Shared by the benchmarks. Each is a file in bench/ whose default export is a function that measures and reports.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const lintDomain = join(root, 'dist/bin/lint-domain.cjs');
export const hostdevCpuset = join(root, 'dist/bin/hostdev-cpuset.cjs');
/** Temporary directory for benchmarks. run.mjs removes it. */
export const folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-bench-'));

/**
 * Measures the sides alternately. Returns the median time of each in milliseconds, without the `warmUps` first rounds.
 * `before` runs before each side and is not measured. A side that measures itself returns its milliseconds.
 */
export function inTurn(rounds, sides, { warmUps = 1, before = () => {} } = {}) {
  const times = sides.map(() => []);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      before();
      const start = performance.now();
      const own = side();
      const time = typeof own === 'number' ? own : performance.now() - start;
      if (round >= 0) times[index].push(time);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}

/** Runs a command and returns its output. Throws if it fails: a side that fails early would seem fast. */
export function run(command, args, { input, status: expected = 0 } = {}) {
  const result = spawnSync(command, args, {
    stdio: [input ?? 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const { status, error, stderr, stdout } = result;
  if (status !== expected) throw new Error(`${command} failed: ${error?.message ?? stderr.slice(0, 500)}`);
  return stdout;
}

export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU time of an action, in ms. */
export function cpuOf(action) {
  const before = cpuMs();
  action();
  return cpuMs() - before;
}

export function isInstalled(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

export function report(name, sides, value, { most, least }) {
  const passed = most === undefined ? value >= least : value <= most;
  const bound = most === undefined ? `at least ${least}` : `at most ${most}`;
  const shown = value >= 100 ? Math.round(value) : value.toFixed(2);
  console.log(`${passed ? 'PASS' : 'FAIL'}  ${name}: ${shown} (${bound}); ${sides}`);
  if (!passed) process.exitCode = 1;
}

export function missing(name, tool) {
  console.log(`FAIL  ${name}: not measured for want of ${tool}`);
  process.exitCode = 1;
}

export function ms(time) {
  return `${time.toFixed(1)} ms`;
}
