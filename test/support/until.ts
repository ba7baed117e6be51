import * as assert from 'uvu/assert';

// Real time, even if a test has replaced the timers.
const { setTimeout: startTimer } = globalThis;

/** Waits until the condition is true. Fails after a time limit that no machine needs. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 60_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) assert.unreachable(`not within ${milliseconds / 1000} s: ${what}`);
    await new Promise((resolve) => startTimer(resolve, 20));
  }
}
