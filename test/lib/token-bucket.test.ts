import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TokenBucket } from '../../src/lib/token-bucket.js';

const test = suite('token bucket');

test('it holds at most its capacity', () => {
  const bucket = new TokenBucket({ capacity: 3, perSecond: 1 });
  bucket.take(3, 1000);
  assert.not.ok(bucket.hasTokens(1000));
  assert.ok(bucket.hasTokens(2000));
  bucket.take(3, 1_000_000);
  assert.not.ok(bucket.hasTokens(1_000_000));
});

test('tokens taken in advance are subtracted later', () => {
  const bucket = new TokenBucket({ capacity: 1, perSecond: 10 });
  assert.is(bucket.availableAt(5), 5);
  bucket.take(21, 5);
  const at = bucket.availableAt(5);
  assert.is(at, 5 + 2100);
  assert.ok(bucket.hasTokens(at));
});

test('a clock that stands still or goes back adds no tokens', () => {
  const bucket = new TokenBucket({ capacity: 1, perSecond: 1000 });
  bucket.take(1, 1000);
  assert.not.ok(bucket.hasTokens(1000));
  assert.not.ok(bucket.hasTokens(0));
});

test.run();
