import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { RepairLimiter } from '../../src/watch/repair-limiter.js';

const test = suite('repair limiter');
const LIMITS = { limit: 2, window: 1000 };
const MAX_PAUSE_MS = 300_000;
const decide = (one: RepairLimiter, ...at: number[]) => at.map((now) => one.decide(now, LIMITS));

test('it allows repairs up to the limit within the window, then pauses for as long as the window', () => {
  const one = new RepairLimiter();
  assert.is(one.pausedUntil, 0);
  assert.equal(decide(one, 0, 100, 200), ['repair', 'repair', 'contested']);
  assert.is(one.pausedUntil, 1200);
  assert.equal(decide(one, 1199), ['leave']);
});

test('a move at the end of the window counts; after a pause earlier moves do not', () => {
  assert.equal(decide(new RepairLimiter(), 0, 0, 1000), ['repair', 'repair', 'contested']);
  assert.equal(decide(new RepairLimiter(), 0, 0, 0, 1000, 1000), ['repair', 'repair', 'contested', 'repair', 'repair']);
});

test('clear resets the moves and the length of the pause', () => {
  const one = new RepairLimiter();
  assert.equal(decide(one, 0), ['repair']);
  one.clear();
  assert.equal(decide(one, 0, 0, 0), ['repair', 'repair', 'contested']);
  one.clear();
  assert.equal([one.isContested(0), one.pausedUntil], [false, 0]);
  assert.equal(decide(one, 1, 2, 3), ['repair', 'repair', 'contested']);
  assert.is(one.pausedUntil, 1003);
});

test('moves that are far apart are repaired without limit', () => {
  assert.equal(decide(new RepairLimiter(), 0, 600, 1200, 1800, 2400), Array(5).fill('repair'));
});

for (const seconds of [3, 5, 10, 60]) {
  test(`with the defaults, a move every ${seconds} s is repaired without limit`, () => {
    const one = new RepairLimiter();
    for (let at = 0; at < 12 * 3600; at += seconds) {
      assert.is(one.decide(at * 1000, DEFAULT_SETTINGS.contest), 'repair', `after ${at} s`);
    }
  });
}

test('after a pause the whole limit applies again; pauses double up to five minutes', () => {
  const one = new RepairLimiter();
  decide(one, 0, 1, 2);
  for (let pauseMs = 1000; pauseMs < 10 * MAX_PAUSE_MS; pauseMs *= 2) {
    const at = one.pausedUntil;
    assert.equal(decide(one, at, at + 1, at + 2), ['repair', 'repair', 'leave']);
    assert.is(one.pausedUntil, at + 2 + Math.min(2 * pauseMs, MAX_PAUSE_MS));
  }
});

test('slow moves after a storm are repaired without limit', () => {
  const one = new RepairLimiter();
  decide(one, 0, 1, 2);
  for (let at = one.pausedUntil; at < 100_000; at += 600) assert.is(one.decide(at, LIMITS), 'repair', `after ${at} ms`);
});

test('it is contested from the first pause until two windows without another pause have passed', () => {
  const one = new RepairLimiter();
  assert.not.ok(one.isContested(0));
  decide(one, 0, 1, 2);
  assert.equal(
    [2, 1002, 3001, 3002].map((now) => one.isContested(now)),
    [true, true, true, false],
  );
  assert.equal(decide(one, 5000, 5001, 5002), ['repair', 'repair', 'contested'], 'another storm is reported again');
  assert.is(one.pausedUntil, 6002, 'with the pause of a first one');
});

test('a pause is at most five minutes, however long the window', () => {
  const one = new RepairLimiter();
  for (const now of [0, 1]) one.decide(now, { limit: 1, window: 3_600_000 });
  assert.is(one.pausedUntil, 1 + MAX_PAUSE_MS);
});

test('clear during a pause ends it', () => {
  const one = new RepairLimiter();
  decide(one, 0, 1, 2);
  one.clear();
  assert.not.ok(one.isContested(3));
  assert.equal(decide(one, 3, 4, 5), ['repair', 'repair', 'contested']);
});

test.run();
