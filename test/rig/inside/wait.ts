import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Seconds that anything may take: emulation is slow, and other work on the machine makes it slower. */
const PATIENCE = 100;

/** Tries an assertion until it holds; throws what it threw last when patience ends. Milliseconds between two tries. */
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

/** Tries an assertion again and again for some seconds: it must hold each time. */
export async function throughout(seconds: number, attempt: () => void): Promise<void> {
  const end = performance.now() + seconds * 1000;
  do {
    attempt();
    await sleep(20);
  } while (performance.now() < end);
}
