import * as assert from 'uvu/assert';

// Real time, also where a test has replaced the timers.
const { setTimeout: startTimer } = globalThis;

/** Waits until something is so; fails where it is not within a time that no machine needs. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 20_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) assert.unreachable(`not within ${milliseconds / 1000} s: ${what}`);
    await new Promise((resolve) => startTimer(resolve, 20));
  }
}
