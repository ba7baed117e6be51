import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { text } from './kernel-files.js';

export { sleep };

/** Time limit in seconds: emulation is slow, and slower with other load on the machine. */
const PATIENCE = 100;

/**
 * Retries an assertion until it holds. Throws its last error after the time limit. `interval`: milliseconds between
 * retries.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, interval = 50, seconds = PATIENCE): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(interval);
  }
}

/** Repeats an assertion for some seconds: it must hold each time. */
export async function throughout(seconds: number, attempt: () => void): Promise<void> {
  const end = performance.now() + seconds * 1000;
  do {
    attempt();
    await sleep(20);
  } while (performance.now() < end);
}

/** Waits until the emulated CPUs have little to do. What a real host does in a moment may take them seconds. */
export function idle(): Promise<void> {
  return eventually(async () => {
    const before = cpuTime();
    await sleep(300);
    const after = cpuTime();
    assert.ok((after.idle - before.idle) / (after.all - before.all) > 0.6, 'the emulated host is busy');
  });
}

/** Of all CPUs since the boot, in ticks. */
function cpuTime(): { all: number; idle: number } {
  const [, ...ticks] = (text('/proc/stat').split('\n')[0] as string).trim().split(/\s+/);
  const [user, nice, system, idle, ...rest] = ticks.map(Number) as [number, number, number, number, ...number[]];
  return { idle, all: [user, nice, system, idle, ...rest].reduce((sum, one) => sum + one, 0) };
}
