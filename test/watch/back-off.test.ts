import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorKind } from '../../src/affinity/write-errors.js';
import { cpusetOf } from '../../src/domain/cpuset.js';
import { WriteRetry } from '../../src/watch/write-retry.js';

const backOff = suite('when a write is tried again');
/** A new object each time: sets are compared by what is in them. */
const set = () => cpusetOf([2, 3]);

/** The pauses of so many failures in a row. */
function pauses(kind: ErrorKind, count: number): number[] {
  const one = new WriteRetry();
  let now = 0;
  return Array.from({ length: count }, () => {
    one.failed(set(), 'ECODE', kind, now);
    const pause = one.retryAt - now;
    now = one.retryAt;
    return pause;
  });
}

backOff('each kind of error has its first pause, twice as long each time, and its longest', () => {
  assert.equal(pauses('transient', 9), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  assert.equal(pauses('exhausted', 10).slice(-3), [128_000, 256_000, 300_000]);
  assert.equal(pauses('impossible', 2), [300_000, 300_000]);
  assert.equal(pauses('gone', 3), [10, 20, 40]);
});

backOff('nothing waits that has not failed', () => {
  const one = new WriteRetry();
  assert.is(one.mustWait(set(), 0), false);
  assert.is(one.retryAt, 0);
});

backOff('until then the same set waits, and no other', () => {
  const one = new WriteRetry();
  one.failed(set(), 'EBUSY', 'transient', 1000);
  assert.equal(
    [one.mustWait(set(), 1099), one.mustWait(set(), 1100), one.mustWait(cpusetOf([4]), 1001)],
    [true, false, false],
  );
});

backOff('what was not said before is new: another error, or another set; then the first pause holds again', () => {
  const one = new WriteRetry();
  assert.is(one.failed(set(), 'EBUSY', 'transient', 0), true);
  assert.is(one.failed(set(), 'EBUSY', 'transient', 0), false);
  assert.is(one.retryAt, 200);
  assert.is(one.failed(set(), 'EAGAIN', 'transient', 0), true);
  assert.is(one.retryAt, 100);
  one.failed(set(), 'EAGAIN', 'transient', 0);
  assert.is(one.failed(cpusetOf([4]), 'EAGAIN', 'transient', 0), true);
  assert.is(one.retryAt, 100);
});

backOff('a success ends it', () => {
  const one = new WriteRetry();
  one.failed(set(), 'EBUSY', 'transient', 0);
  one.succeeded();
  assert.equal([one.mustWait(set(), 0), one.retryAt], [false, 0]);
  assert.is(one.failed(set(), 'EBUSY', 'transient', 0), true);
});

backOff.run();
