import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Progress } from '../../src/cli/lint/progress.js';
import { installClock } from '../support/test-clock.js';

const test = suite('progress bar');

/** The output if the files take this many milliseconds each. */
function written(isTTY: boolean, steps: number[], columns = 80): string {
  const clock = installClock();
  let output = '';
  try {
    const write = (text: string) => {
      output += text;
    };
    const progress = new Progress(steps.length, { isTTY, write }, () => columns);
    for (const step of steps) {
      clock.tick(step);
      progress.advance();
    }
    progress.clear();
  } finally {
    clock.uninstall();
  }
  return output;
}

test('it is not shown in the first second', () => {
  assert.is(written(true, [300, 300, 300]), '');
});

test('it never fills a row, as a wrapped line could not be erased', () => {
  for (const columns of [1, 20, 33, 200])
    for (const line of written(true, [600, 600, 600], columns).split(/\r/))
      assert.ok(stripVTControlCharacters(line).length < columns, `${columns}: ${line}`);
});

test('it is shown after a second, and erased at the end', () => {
  const output = written(true, [600, 600, 600]);
  assert.match(output, '2/3 files');
  assert.match(output, '3/3 files');
  assert.ok(output.endsWith('\r\u001b[K'), JSON.stringify(output));
});

test('it is drawn at most ten times a second', () => {
  const bars = written(true, [1000, ...Array(1000).fill(1)]).split('\r').length - 2;
  assert.is(bars, 11);
});

test('it is shown on terminals only', () => {
  assert.is(written(false, [2000, 2000]), '');
});

test('when all files are read it shows the current step', () => {
  const clock = installClock();
  let output = '';
  try {
    const write = (text: string) => {
      output += text;
    };
    const progress = new Progress(2, { isTTY: true, write }, () => 80);
    progress.wait('checking');
    clock.tick(800);
    assert.is(output, '');
    clock.tick(400);
    assert.match(output, '0/2 files, checking');
    progress.clear();
    assert.is(clock.countTimers(), 0);
  } finally {
    clock.uninstall();
  }
});

test.run();
