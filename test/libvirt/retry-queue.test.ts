import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIST_REQUEST, RetryQueue } from '../../src/libvirt/retry-queue.js';
import { installClock } from '../support/test-clock.js';

const test = suite('requests that libvirt did not answer');
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

test('are made again, after growing delays', () => {
  for (const delayMs of [1000, 2000, 4000]) {
    retries = 0;
    queue.failed('a', 'busy');
    clock.tick(delayMs - 1);
    assert.is(retries, 0);
    clock.tick(1);
    assert.is(retries, 1);
  }
});

test('are reported from the second failure on, each reason once', () => {
  const reasons = ['busy', 'busy', 'busy', 'gone', 'busy'];
  assert.equal(
    reasons.map((reason) => queue.failed('a', reason)),
    [false, true, false, true, true],
  );
});

test('are reported again after an answer', () => {
  for (let round = 0; round < 2; round++) {
    assert.equal([queue.failed('a', 'busy'), queue.failed('a', 'busy')], [false, true]);
    queue.remove('a');
  }
});

test('the list is not among the domains', () => {
  for (const request of ['a', LIST_REQUEST, 'b']) queue.failed(request, 'busy');
  assert.equal(queue.domains, ['a', 'b']);
});

test('are not made after the end', () => {
  queue.failed('a', 'busy');
  queue.close();
  assert.is(queue.failed('b', 'busy'), false);
  clock.tick(60_000);
  assert.is(retries, 0);
});

test.run();
