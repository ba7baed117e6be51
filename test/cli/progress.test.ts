import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Progress } from '../../src/cli/lint/progress.js';

const test = suite('the progress bar');

/** What is written while time passes as told: milliseconds before each of the files is done. */
function written(isTTY: boolean, steps: number[], columns = 80): string {
  const realNow = Date.now;
  let now = 0;
  let output = '';
  Date.now = () => now;
  try {
    const write = (text: string) => {
      output += text;
    };
    const progress = new Progress(steps.length, { isTTY, write }, () => columns);
    for (const step of steps) {
      now += step;
      progress.advance();
    }
    progress.clear();
  } finally {
    Date.now = realNow;
  }
  return output;
}

test('is not seen in the first second', () => {
  assert.is(written(true, [300, 300, 300]), '');
});

test('never fills a row: what breaks into the next could not be erased', () => {
  for (const columns of [1, 20, 33, 200])
    for (const line of written(true, [600, 600, 600], columns).split(/\r/))
      assert.ok(stripVTControlCharacters(line).length < columns, `${columns}: ${line}`);
});

test('is seen after that, and taken away at the end', () => {
  const output = written(true, [600, 600, 600]);
  assert.match(output, '2/3 files');
  assert.match(output, '3/3 files');
  assert.ok(output.endsWith('\r\u001b[K'), JSON.stringify(output));
});

test('is drawn ten times a second at most', () => {
  const bars = written(true, [1000, ...Array(1000).fill(1)]).split('\r').length - 2;
  assert.is(bars, 11);
});

test('is for terminals only', () => {
  assert.is(written(false, [2000, 2000]), '');
});

test('says what is waited for when all files are read', async () => {
  const realNow = Date.now;
  let output = '';
  try {
    Date.now = () => 0;
    const write = (text: string) => {
      output += text;
    };
    const progress = new Progress(2, { isTTY: true, write }, () => 80);
    Date.now = () => 5000;
    progress.wait('checking');
    await sleep(300);
    progress.clear();
  } finally {
    Date.now = realNow;
  }
  assert.match(output, '0/2 files, checking');
});

test.run();
