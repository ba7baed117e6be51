import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIST_REQUEST, RetryQueue } from '../../src/libvirt/retry-queue.js';
import { installClock } from '../support/test-clock.js';

const test = suite('retry queue of libvirt requests');
let clock: ReturnType<typeof installClock>;
let retries: number;
let queue: RetryQueue;
test.before.each(() => {
  clock = installClock();
  retries = 0;
  queue = new RetryQueue(() => retries++);
});
test.after.each(() => {
  queue.close();
  clock.uninstall();
});

test('failed requests are retried with growing delays', () => {
  for (const delayMs of [1000, 2000, 4000]) {
    retries = 0;
    queue.failed('a', 'busy');
    clock.tick(delayMs - 1);
    assert.is(retries, 0);
    clock.tick(1);
    assert.is(retries, 1);
  }
});

test('failures are reported from the second one on, each reason once', () => {
  const reasons = ['busy', 'busy', 'busy', 'gone', 'busy'];
  assert.equal(
    reasons.map((reason) => queue.failed('a', reason)),
    [false, true, false, true, true],
  );
});

test('failures are reported again after a success', () => {
  for (let round = 0; round < 2; round++) {
    assert.equal([queue.failed('a', 'busy'), queue.failed('a', 'busy')], [false, true]);
    queue.remove('a');
  }
});

test('the list request is not among the domains', () => {
  for (const request of ['a', LIST_REQUEST, 'b']) queue.failed(request, 'busy');
  assert.equal(queue.domains, ['a', 'b']);
});

test('nothing is retried after close', () => {
  queue.failed('a', 'busy');
  queue.close();
  assert.is(queue.failed('b', 'busy'), false);
  clock.tick(60_000);
  assert.is(retries, 0);
});

test.run();
