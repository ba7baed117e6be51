import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RateLimiter } from '../../src/lib/rate-limiter.js';

const test = suite('a flood of lines');

test('is cut, and what was left out is counted', () => {
  const written: string[] = [];
  const lines = new RateLimiter((text) => written.push(text));
  for (let number = 0; number < 10_000; number++) lines.write(`line ${number}`);
  assert.equal([written.length, written[0], written.at(-1)], [20, 'line 0', 'line 19']);
  lines.close();
  assert.equal(written.slice(20), ['9980 more lines like these were left out']);
  lines.write('another');
  assert.is(written.at(-1), 'another');
  lines.close();
  assert.is(written.at(-1), 'another', 'nothing was left out');
});

test.run();
