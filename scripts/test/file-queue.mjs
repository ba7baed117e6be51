import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFile } from './file-process.mjs';

/** Milliseconds that each file took when it last passed. */
const DURATIONS = 'node_modules/.cache/hostdev-cpuset/test-durations.json';

/** Files that take long for their size: they start first where nothing is known yet. Only the order depends on it. */
const SLOW = /\/(?:simulation|status-page|watch|bad-input|shells|examples)\.test\.ts$/;

/**
 * Runs test files, `jobs` at a time, the longest first; `onEnd(file, outcome)` is called as each ends.
 * @param {string[]} files
 * @param {{jobs: number, folder: string, timeLimitMs: number, env: NodeJS.ProcessEnv, color: boolean}} options
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

/** By the time that they took last. Files that have not run yet come first: known slow ones, then by their size. */
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
    // Another user's folder: the order is by size next time.
  }
}
