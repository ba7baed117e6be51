import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ContestedInterrupt, emptyCounters, type StrayCount } from '../../../src/runtime/counters.js';
import type { PublishedPosting } from '../../../src/runtime/posting-status.js';
import { StatusPublisher } from '../../../src/watch/output/status-publisher.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { installClock } from '../../support/test-clock.js';

const test = suite('status of the watcher');
const MIN_INTERVAL_MS = 1000;
let clock: ReturnType<typeof installClock>;
let folder: TemporaryFolder;
let publisher: StatusPublisher;
let statuses: string[];
let warnings: string[];
const source = {
  counters: emptyCounters(),
  contested: [] as ContestedInterrupt[],
  postings: [] as PublishedPosting[],
  posted: new Map<string, number>(),
  strays: [] as StrayCount[],
};

test.before.each(() => {
  clock = installClock();
  folder = new TemporaryFolder();
  mkdirSync(folder.join('run/hostdev-cpuset'), { recursive: true });
  statuses = [];
  warnings = [];
  source.counters = emptyCounters();
  source.contested = [];
  const outputs = {
    journal: ({ text }: { text: string }) => void warnings.push(text),
    status: (text: string) => void statuses.push(text),
  };
  publisher = new StatusPublisher(
    { root: folder.path, metrics: undefined, pid: 1, untilIdle: false, ...outputs },
    source,
  );
  publisher.start();
});
test.after.each(() => {
  publisher.stop();
  clock.uninstall();
  folder.remove();
});

const published = () => JSON.parse(readFileSync(folder.join('run/hostdev-cpuset/watch.json'), 'utf8'));

test('changes are published at most once a second; without changes nothing is written', () => {
  assert.equal(statuses, ['0 interrupts of 0 domains managed, using trace events']);
  source.counters = { ...emptyCounters(), domains: 1, interrupts: 4 };
  for (let run = 0; run < 3; run++) publisher.changed();
  clock.tick(MIN_INTERVAL_MS - 1);
  assert.is(published().counters.interrupts, 0);
  clock.tick(1);
  assert.is(published().counters.interrupts, 4);
  const at = readFileSync(folder.join('run/hostdev-cpuset/watch.json'));
  publisher.changed();
  source.counters = { ...source.counters };
  clock.tick(50_000);
  assert.equal(readFileSync(folder.join('run/hostdev-cpuset/watch.json')), at);
  assert.equal(statuses.slice(1), ['4 interrupts of 1 domains managed, using trace events']);
});

test('a status that could not be written is written later; nothing is written after stop', () => {
  rmSync(folder.join('run/hostdev-cpuset'), { recursive: true });
  folder.write('run/hostdev-cpuset', '');
  source.counters = { ...emptyCounters(), interrupts: 5 };
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.is(warnings.length, 1);
  rmSync(folder.join('run/hostdev-cpuset'));
  mkdirSync(folder.join('run/hostdev-cpuset'));
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.is(published().counters.interrupts, 5);
  publisher.stop();
  publisher.changed();
  publisher.setTracing('later');
  clock.tick(120_000);
  assert.not.ok(existsSync(folder.join('run/hostdev-cpuset/watch.json')));
});

test('contested interrupts are listed as long as they are contested', () => {
  source.contested = Array.from({ length: 101 }, (_, index) => ({
    domain: 'g',
    address: '0000:82:00.0',
    irq: 40 + index,
  }));
  source.counters = { ...emptyCounters(), contestedNow: 101 };
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.equal([published().contested.length, published().contested[0]?.irq], [100, 40]);
  assert.is(statuses.at(-1), '0 interrupts of 0 domains managed, 101 contested, using trace events');
  source.contested = [];
  source.counters = emptyCounters();
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.equal(published().contested, []);
});

test('a change from trace events to polling is published, even without other changes', () => {
  publisher.setTracing('no tracefs');
  clock.tick(MIN_INTERVAL_MS);
  assert.is(published().way, 'intervals');
  assert.is(published().reason, 'no tracefs');
  assert.is(statuses.at(-1), '0 interrupts of 0 domains managed, polling');
});

test.run();
