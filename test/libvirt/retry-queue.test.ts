import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIST_REQUEST, RetryQueue } from '../../src/libvirt/retry-queue.js';
import { until } from '../support/until.js';

const test = suite('requests that libvirt did not answer');
let retries: number;
let queue: RetryQueue;
test.before.each(() => {
  retries = 0;
  queue = new RetryQueue(() => retries++, { firstMs: 1, maxMs: 4 });
});
test.after.each(() => queue.close());

test('are made again', async () => {
  queue.failed('a', 'busy');
  await until('retried', () => retries === 1);
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

test('the list is no domain', () => {
  for (const request of ['a', LIST_REQUEST, 'b']) queue.failed(request, 'busy');
  assert.equal(queue.domains, ['a', 'b']);
});

test('are not made after the end', async () => {
  queue.failed('a', 'busy');
  queue.close();
  assert.is(queue.failed('b', 'busy'), false);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(retries, 0);
});

test.run();
