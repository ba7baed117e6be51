import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorKind } from '../../src/affinity/write-errors.js';
import { WriteRetry } from '../../src/affinity/write-retry.js';
import { cpusetOf } from '../../src/domain/cpuset.js';

const backOff = suite('retries of writes');
/** A new object each time: sets are compared by content. */
const set = () => cpusetOf([2, 3]);

/** The delays of so many failures in a row. */
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

backOff('each kind of error has its first delay, its factor, and its longest delay', () => {
  assert.equal(pauses('transient', 7), [10, 40, 160, 640, 2560, 10_000, 10_000]);
  assert.equal(pauses('exhausted', 10).slice(-3), [128_000, 256_000, 300_000]);
  assert.equal(pauses('impossible', 2), [300_000, 300_000]);
  assert.equal(pauses('gone', 3), [10, 20, 40]);
});

backOff('a retry may be early by a quarter of its delay, and failures are counted per set and code', () => {
  const one = new WriteRetry();
  assert.is(one.retryAt, 0);
  one.failed(set(), 'ENOSPC', 'exhausted', 0);
  assert.equal(
    [749, 750].map((now) => one.mustWait(set(), now)),
    [true, false],
  );
  assert.equal(
    [one.failures(set(), 'ENOSPC'), one.failures(set(), 'EBUSY'), one.failures(cpusetOf([4]), 'ENOSPC')],
    [1, 0, 0],
  );
});

backOff('without a failure nothing waits', () => {
  const one = new WriteRetry();
  assert.is(one.mustWait(set(), 0), false);
  assert.is(one.retryAt, 0);
});

backOff('only the failed set waits, until a quarter of the delay before the retry', () => {
  const one = new WriteRetry();
  one.failed(set(), 'ENOSPC', 'exhausted', 1000);
  assert.is(one.retryAt, 2000);
  assert.equal(
    [one.mustWait(set(), 1749), one.mustWait(set(), 1750), one.mustWait(cpusetOf([4]), 1001)],
    [true, false, false],
  );
});

backOff('a failure is reported once per set and code', () => {
  const one = new WriteRetry();
  const failed = (code: string, wanted = set()) => one.failed(wanted, code, 'exhausted', 0);
  assert.equal([failed('ENOSPC'), failed('ENOSPC'), failed('EOTHER'), failed('ENOSPC')], [true, false, true, false]);
  assert.is(failed('ENOSPC', cpusetOf([4])), true);
});

backOff('a transient error is reported at the fifth failure in a row', () => {
  const one = new WriteRetry();
  const reported = Array.from({ length: 8 }, () => one.failed(set(), 'EBUSY', 'transient', 0));
  assert.equal(reported, [false, false, false, false, true, false, false, false]);
  assert.is(one.failed(set(), 'EAGAIN', 'transient', 0), true);
});

backOff('the delay carries over to another code of the same kind, but not to another kind or set', () => {
  const one = new WriteRetry();
  one.failed(set(), 'EBUSY', 'transient', 0);
  one.failed(set(), 'EAGAIN', 'transient', 0);
  assert.is(one.retryAt, 40);
  assert.equal([one.failures(set(), 'EAGAIN'), one.failures(set(), 'EBUSY')], [1, 0]);
  one.failed(set(), 'ENOSPC', 'exhausted', 0);
  assert.is(one.retryAt, 1000);
  one.failed(cpusetOf([4]), 'ENOSPC', 'exhausted', 0);
  assert.is(one.retryAt, 1000);
});

backOff('a success resets the delay', () => {
  const one = new WriteRetry();
  one.failed(set(), 'ENOSPC', 'exhausted', 0);
  one.succeeded();
  assert.equal([one.mustWait(set(), 0), one.retryAt, one.failures(set(), 'ENOSPC')], [false, 0, 0]);
  assert.is(one.failed(set(), 'ENOSPC', 'exhausted', 0), true);
});

backOff.run();
