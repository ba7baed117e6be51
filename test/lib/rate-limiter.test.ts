import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { omittedText, RateLimiter } from '../../src/lib/rate-limiter.js';
import { until } from '../support/until.js';

const test = suite('rate limiter');

test('a flood is cut to 20 lines, and the omitted lines are counted', () => {
  const written: string[] = [];
  const lines = new RateLimiter((text) => written.push(text), omittedText);
  for (let number = 0; number < 10_000; number++) lines.write(`line ${number}`);
  assert.equal([written.length, written[0], written.at(-1)], [20, 'line 0', 'line 19']);
  lines.close();
  assert.equal(written.slice(20), ['9980 more lines like these were left out']);
  lines.write('another');
  assert.is(written.at(-1), 'another');
  lines.close();
  assert.is(written.at(-1), 'another', 'nothing was omitted');
});

test('a continuing flood is cut to three lines and a summary per window, until a window without omissions', async () => {
  const written: string[] = [];
  const lines = new RateLimiter((text) => written.push(text), omittedText, 20);
  const flood = async () => {
    written.length = 0;
    for (let number = 0; number < 100; number++) lines.write('x');
    const shown = written.length;
    await until('the window has ended', () => written.length > shown);
    return [shown, written.at(-1)];
  };
  assert.equal(await flood(), [20, omittedText(80)]);
  assert.equal(await flood(), [3, omittedText(97)]);
  assert.equal(await flood(), [3, omittedText(97)]);
  lines.write('the last');
  lines.close();
  assert.equal(await flood(), [20, omittedText(80)]);
});

test.run();
