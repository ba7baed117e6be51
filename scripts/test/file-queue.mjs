import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFile } from './file-process.mjs';

/** Stores the duration of each file's last successful run, in milliseconds. */
const DURATIONS = 'node_modules/.cache/hostdev-cpuset/test-durations.json';

/** Files that are slow for their size: they start first while durations are unknown. This affects only the order. */
const SLOW =
  /\.host\.test\.ts$|\/(?:simulation|watch|bad-input|limits|shells|examples|movers|hostile-guest)\.test\.ts$/;

/**
 * Runs test files, `jobs` at a time, the longest first. Calls `onEnd(file, outcome)` after each.
 * @param {string[]} files
 * @param {{jobs: number, compiled: string, folder: string, timeLimitMs: number, env: NodeJS.ProcessEnv,
 *   color: boolean}} options
 */
export async function runFiles(files, { jobs, folder, ...options }, onEnd) {
  const durations = readDurations();
  const queue = longestFirst(files, durations).map((file, index) => ({ file, folder: join(folder, `${index}`) }));
  const takeNext = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const outcome = await runFile(next.file, { ...options, folder: next.folder });
      if (outcome.failed === 0) durations[next.file] = outcome.durationMs;
      onEnd(next.file, outcome);
    }
  };
  await Promise.all(Array.from({ length: jobs }, takeNext));
  writeDurations(durations);
}

/** Sorts by last duration. Files without one come first: known slow files, then by size. */
export function longestFirst(files, durations) {
  const unknown = (file) => 1e9 + statSync(file).size + (SLOW.test(file) ? 1e9 : 0);
  const weights = new Map(files.map((file) => [file, durations[file] ?? unknown(file)]));
  return [...files].sort((a, b) => weights.get(b) - weights.get(a));
}

function readDurations() {
  try {
    return JSON.parse(readFileSync(DURATIONS, 'utf8'));
  } catch {
    return {};
  }
}

function writeDurations(durations) {
  try {
    mkdirSync(join(DURATIONS, '..'), { recursive: true });
    writeFileSync(DURATIONS, JSON.stringify(durations));
  } catch {
    // The directory belongs to another user: without durations, the next run is ordered by size.
  }
}
