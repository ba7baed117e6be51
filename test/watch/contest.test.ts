import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RepairLimiter } from '../../src/watch/repair-limiter.js';

const contest = suite('a quarrel over one interrupt');
const LIMITS = { limit: 2, window: 1000 };
const HOUR = 3_600_000;
const decide = (one: RepairLimiter, ...at: number[]) => at.map((now) => one.decide(now, LIMITS));

contest('it is put back so often within the window, then given up for as long as the window', () => {
  const one = new RepairLimiter();
  assert.is(one.pausedUntil, 0);
  assert.equal(decide(one, 0, 100, 200), ['repair', 'repair', 'contested']);
  assert.is(one.pausedUntil, 1200);
  assert.equal(decide(one, 1199), ['leave']);
});

contest('moves that are far apart are none', () => {
  assert.equal(decide(new RepairLimiter(), 0, 600, 1200, 1800, 2400), Array(5).fill('repair'));
});

contest(
  'then it is tried once; moved again, it is left for twice as long each time, and no longer than an hour',
  () => {
    const one = new RepairLimiter();
    decide(one, 0, 1, 2);
    for (let pause = 1000; pause < 10 * HOUR; pause *= 2) {
      const at = one.pausedUntil;
      assert.equal(decide(one, at), ['repair']);
      assert.equal(decide(one, at + 1), ['leave']);
      assert.is(one.pausedUntil, at + 1 + Math.min(2 * pause, HOUR));
    }
  },
);

contest('what stays for long after a trial has ended the quarrel: the next is another', () => {
  const one = new RepairLimiter();
  decide(one, 0, 1, 2);
  assert.equal(decide(one, 1002), ['repair']);
  assert.equal(decide(one, 3000, 3001, 3002), ['repair', 'repair', 'contested'], 'all of its repairs are there again');
  assert.is(one.pausedUntil, 4002, 'and the pause of a first one');
});

contest('what was repaired before the quarrel does not count in the next, however long the window', () => {
  const one = new RepairLimiter();
  const limits = { limit: 2, window: 10 };
  for (const now of [0, 1, 2]) one.decide(now, limits);
  one.decide(12, limits);
  assert.is(one.decide(50, { limit: 2, window: 1000 }), 'repair');
  assert.is(one.decide(51, { limit: 2, window: 1000 }), 'repair');
});

contest.run();
