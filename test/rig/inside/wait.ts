import { setTimeout as sleep } from 'node:timers/promises';

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
