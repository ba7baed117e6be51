import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyCounters } from '../../src/runtime/counters.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { readPostingStatus } from '../../src/runtime/posting-status.js';
import { readWatcherStatus, watcherPid, writeWatcherStatus } from '../../src/runtime/watcher-status.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite("files of the watcher's state");
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  new InstanceLock(folder.path).take();
});
test.after.each(() => folder.remove());

const contested = [{ domain: 'guest', address: '0000:01:00.0', irq: 41 }];
const STATUS = {
  ...{ pid: process.pid, since: '2026-01-01T00:00:00Z', untilIdle: false, way: 'events' as const, reason: null },
  ...{ counters: { ...emptyCounters(), contestedNow: 1 }, contested },
};

test('what was written is read while the watcher runs', () => {
  writeWatcherStatus(folder.path, STATUS);
  assert.equal(readWatcherStatus(folder.path), STATUS);
  new InstanceLock(folder.path).release();
  assert.is(readWatcherStatus(folder.path), null);
  assert.is(watcherPid(folder.path), undefined);
});

test('a file of an earlier version is read; one that is cut off or of another form is not', () => {
  const write = (value: unknown) => folder.write('run/hostdev-cpuset/watch.json', JSON.stringify(value));
  const { contestedNow: _, ...earlier } = STATUS.counters;
  write({ ...STATUS, contested: undefined, counters: earlier });
  assert.is(readWatcherStatus(folder.path)?.pid, process.pid);
  const counters = (more: object) => ({ ...STATUS, counters: { ...STATUS.counters, ...more } });
  for (const bad of [
    ...[null, [], {}, 7, { ...STATUS, pid: 1 }, { ...STATUS, since: 7 }, { ...STATUS, reason: undefined }],
    ...[
      { ...STATUS, counters: null },
      { ...STATUS, counters: {} },
      { ...STATUS, contested: 'abc' },
    ],
    ...[counters({ interrupts: '<b>' }), counters({ repairs: null }), counters({ contestedNow: -1 })],
    ...[null, { domain: 5 }, { ...contested[0], irq: 'x' }, { ...contested[0], irq: 1e300 }].map((one) => ({
      ...{ ...STATUS, contested: [one] },
    })),
  ]) {
    write(bad);
    assert.is(readWatcherStatus(folder.path), null, JSON.stringify(bad));
  }
  folder.write('run/hostdev-cpuset/watch.json', JSON.stringify(STATUS).slice(0, 50));
  assert.is(readWatcherStatus(folder.path), null);
  assert.is(watcherPid(folder.path), process.pid, 'it runs all the same');
});

test('what is known of posting: entries of another form are left out', () => {
  const one = { domain: 'guest', address: '0000:01:00.0', irq: 41, handler: 'h', isPosted: true };
  const write = (interrupts: unknown) =>
    folder.write('run/hostdev-cpuset/posting.json', JSON.stringify({ pid: process.pid, interrupts }));
  write([null, 7, { ...one, irq: 'x' }, { ...one, irq: 42, isPosted: 'yes' }, one]);
  const postingOf = readPostingStatus(folder.path);
  assert.is(postingOf(41, ['h'])?.isPosted, true);
  assert.is(postingOf(42, ['h']), undefined);
  write({});
  assert.is(readPostingStatus(folder.path)(41, ['h']), undefined);
});

test.run();
