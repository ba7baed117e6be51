import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';

/** Waits until something is so; fails where it is not within a time that no machine needs. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 20_000,
): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await holds()); await sleep(20)) {
    if (Date.now() > end) assert.unreachable(`not within ${milliseconds / 1000} s: ${what}`);
  }
}
