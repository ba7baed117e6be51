import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type ContestedInterrupt,
  type DomainCounts,
  emptyCounters,
  type StrayCount,
} from '../../../src/runtime/counters.js';
import type { PublishedPosting } from '../../../src/runtime/posting-status.js';
import { StatusPublisher } from '../../../src/watch/output/status-publisher.js';
import { parseExposition } from '../../support/exposition.js';
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
  domainCounts: [] as DomainCounts[],
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
  source.domainCounts = [];
  const outputs = {
    journal: ({ text }: { text: string }) => void warnings.push(text),
    status: (text: string) => void statuses.push(text),
  };
  publisher = new StatusPublisher(
    { root: folder.path, metrics: folder.join('x.prom'), version: '1', pid: 1, untilIdle: false, ...outputs },
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
  source.contested = Array.from({ length: 10_001 }, (_, index) => ({
    domain: 'g',
    address: '0000:82:00.0',
    irq: 40 + index,
  }));
  source.counters = { ...emptyCounters(), contestedNow: 10_001 };
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.equal([published().contested.length, published().contested[0]?.irq], [10_000, 40]);
  assert.is(statuses.at(-1), '0 interrupts of 0 domains managed, 10001 contested, using trace events');
  source.contested = [];
  source.counters = emptyCounters();
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.equal(published().contested, []);
});

test('the metrics are written at a change with a timestamp, and removed at the end', () => {
  const path = folder.join('x.prom');
  const value = (name: string) => parseExposition(readFileSync(path, 'utf8')).get(`hostdev_cpuset_${name}`)?.samples[0];
  const startedAt = value('metrics_timestamp_seconds')?.value ?? 0;
  assert.is(startedAt, Date.now() / 1000);
  assert.is(value('misplaced_interrupts'), undefined);
  source.domainCounts = [
    {
      ...{ domain: 'g', devices: 1, interrupts: 2, misplaced: 1, contested: 0, remote: 0, posted: 0 },
      ...{ unreadable: 0, unreadableDevices: 0 },
    },
  ];
  publisher.changed();
  clock.tick(MIN_INTERVAL_MS);
  assert.is(value('misplaced_interrupts')?.value, 1);
  assert.is(value('metrics_timestamp_seconds')?.value, startedAt + MIN_INTERVAL_MS / 1000);
  clock.tick(60_000);
  assert.ok((value('metrics_timestamp_seconds')?.value ?? 0) > startedAt + 59, 'once a minute without a change');
  publisher.stop();
  assert.not.ok(existsSync(path));
});

test('a metrics file that was never written is not removed', () => {
  publisher.stop();
  mkdirSync(folder.join('x.prom'));
  publisher.start();
  publisher.stop();
  assert.ok(existsSync(folder.join('x.prom')));
  assert.is(warnings.filter((text) => text.startsWith('cannot write the metrics')).length, 1);
});

test('a change from trace events to polling is published, even without other changes', () => {
  publisher.setTracing('no tracefs');
  clock.tick(MIN_INTERVAL_MS);
  assert.is(published().way, 'intervals');
  assert.is(published().reason, 'no tracefs');
  assert.is(statuses.at(-1), '0 interrupts of 0 domains managed, polling');
});

test.run();
