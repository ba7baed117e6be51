import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TokenBuckets } from '../../src/lib/token-buckets.js';

const test = suite('token buckets by key');
const LIMITS = { capacity: 10, perSecond: 1 };

test('each key has a bucket of its own', () => {
  const buckets = new TokenBuckets(LIMITS, 8);
  buckets.take('a', 12, 0);
  assert.equal(
    ['a', 'b'].map((key) => buckets.hasTokens(key, 0)),
    [false, true],
  );
  assert.equal([buckets.availableAt('a', 0), buckets.availableAt('b', 0)], [3000, 0]);
  assert.is(buckets.hasTokens('a', 3000), true);
});

test('with many keys, those without tokens stay known', () => {
  const buckets = new TokenBuckets(LIMITS, 4);
  buckets.take('debtor', 20, 0);
  for (let key = 0; key < 100; key++) buckets.take(`${key}`, 1, 0);
  assert.is(buckets.hasTokens('debtor', 0), false);
});

test.run();
