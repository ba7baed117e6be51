import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { type CheckScope, Schedule } from '../../src/watch/schedule.js';

const schedule = suite("schedule of a domain's checks");

/** The number of checks of each scope in `time` ms, and the longest wait for a check of at least that scope. */
function checks(traced: boolean, intervals = DEFAULT_SETTINGS.intervals, time = 3_600_000) {
  const one = new Schedule(0);
  const counts: Record<CheckScope, number> = { full: 0, delivery: 0, masks: 0 };
  const waited = { full: 0, delivery: 0, masks: 0 };
  const last = { full: 0, delivery: 0, masks: 0 };
  for (let now = 0; now <= time; now = one.due) {
    const scope = one.take(now);
    if (!scope) throw new Error('due, and nothing to do');
    counts[scope]++;
    const sees = { masks: true, delivery: scope !== 'masks', full: scope === 'full' };
    for (const kind of ['masks', 'delivery', 'full'] as const) {
      if (!sees[kind]) continue;
      waited[kind] = Math.max(waited[kind], now - last[kind]);
      last[kind] = now;
    }
    if (one.nextPollAt <= now) one.advance({ now, traced }, intervals);
    assert.ok(one.due > now);
  }
  return { counts, waited };
}

schedule('polling: masks every second, delivery every three minutes, a full check every fifteen', () => {
  const { counts, waited } = checks(false);
  assert.equal(counts, { full: 5, delivery: 16, masks: 3580 });
  assert.equal(waited, { masks: 1000, delivery: 180_000, full: 900_000 });
});

schedule('with trace events: masks every ten seconds, the other checks as often as without', () => {
  assert.equal(checks(true).waited, { masks: 10_000, delivery: 180_000, full: 900_000 });
});

schedule('the other checks are as frequent even if masks are polled rarely', () => {
  const intervals = { ...DEFAULT_SETTINGS.intervals, quiet: 3_600_000 };
  assert.equal(checks(false, intervals).waited, { masks: 180_000, delivery: 180_000, full: 900_000 });
});

schedule('after a failed check a full check is due an interval later, at most three minutes', () => {
  const one = new Schedule(0);
  one.defer({ now: 0, traced: false }, DEFAULT_SETTINGS.intervals);
  assert.is(one.due, 1000);
  assert.equal([one.take(999), one.take(1000), one.take(1001)], [undefined, 'full', 'masks']);
  one.defer({ now: 2000, traced: false }, { ...DEFAULT_SETTINGS.intervals, quiet: 3_600_000 });
  assert.is(one.due, 182_000, 'and no later than three minutes');
});

schedule('a change causes a check at once, and frequent polls for a minute, with trace events for two seconds', () => {
  const { intervals } = DEFAULT_SETTINGS;
  for (const [traced, busyMs, later] of [
    [false, 60_000, intervals.quiet],
    [true, 2000, intervals.traced],
  ] as const) {
    const one = new Schedule(0);
    one.take(0);
    one.advance({ now: 0, traced }, intervals);
    one.markDirty({ now: 100, traced });
    assert.equal([one.nextPollAt, one.due], [100, 100]);
    const pollAfter = (now: number) => {
      one.advance({ now, traced }, intervals);
      return one.nextPollAt;
    };
    assert.is(pollAfter(100 + busyMs - 1), 100 + busyMs);
    const end = 100 + busyMs;
    assert.is(pollAfter(end), (Math.floor(end / later) + 1) * later);
  }
});

schedule('a full check postpones the delivery check, and the earliest request counts', () => {
  const one = new Schedule(0);
  assert.is(one.take(0), 'full');
  one.advance({ now: 0, traced: true }, DEFAULT_SETTINGS.intervals);
  one.requestFullCheck(100_000);
  one.requestFullCheck(200_000);
  assert.is(one.nextFullCheckAt, 100_000);
  assert.is(one.take(100_000), 'full');
  one.requestPoll(150_000);
  assert.is(one.nextPollAt, 10_000);
  one.requestPoll(5000);
  assert.is(one.nextPollAt, 5000);
  assert.equal(
    [180_000, 279_999, 280_000].map((now) => one.take(now)),
    ['masks', 'masks', 'delivery'],
  );
});

schedule.run();
