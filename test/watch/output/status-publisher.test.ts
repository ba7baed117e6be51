import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ContestedInterrupt, emptyCounters } from '../../../src/runtime/counters.js';
import { StatusPublisher } from '../../../src/watch/output/status-publisher.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const test = suite('what the watcher publishes');
let folder: TemporaryFolder;
let publisher: StatusPublisher;
let said: string[];
let failed: string[];
const source = { counters: emptyCounters(), contested: [] as ContestedInterrupt[] };

test.before.each(() => {
  folder = new TemporaryFolder();
  mkdirSync(folder.join('run/hostdev-cpuset'), { recursive: true });
  said = [];
  failed = [];
  source.counters = emptyCounters();
  source.contested = [];
  const told = {
    journal: ({ text }: { text: string }) => void failed.push(text),
    status: (text: string) => void said.push(text),
  };
  publisher = new StatusPublisher({ root: folder.path, metrics: undefined, pid: 1, untilIdle: false, ...told }, source);
  publisher.start();
});
test.after.each(() => {
  publisher.stop();
  folder.remove();
});

const published = () => JSON.parse(readFileSync(folder.join('run/hostdev-cpuset/watch.json'), 'utf8'));

test('what is new, once; nothing where nothing is', async () => {
  assert.equal(said, ['0 interrupts of 0 domains managed, using trace events']);
  source.counters = { ...emptyCounters(), domains: 1, interrupts: 4 };
  for (let run = 0; run < 3; run++) publisher.changed();
  await until('it is published', () => published().counters.interrupts === 4);
  const at = readFileSync(folder.join('run/hostdev-cpuset/watch.json'));
  publisher.changed();
  source.counters = { ...source.counters };
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.equal(readFileSync(folder.join('run/hostdev-cpuset/watch.json')), at);
  assert.equal(said.slice(1), ['4 interrupts of 1 domains managed, using trace events']);
});

test('what could not be written is, when it can be; after the end nothing is', async () => {
  rmSync(folder.join('run/hostdev-cpuset'), { recursive: true });
  folder.write('run/hostdev-cpuset', '');
  source.counters = { ...emptyCounters(), interrupts: 5 };
  publisher.changed();
  await until('it was tried', () => failed.length > 0);
  rmSync(folder.join('run/hostdev-cpuset'));
  mkdirSync(folder.join('run/hostdev-cpuset'));
  publisher.changed();
  await until('it is published', () => existsSync(folder.join('run/hostdev-cpuset/watch.json')));
  assert.is(published().counters.interrupts, 5);
  publisher.stop();
  publisher.changed();
  publisher.setTracing('later');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.not.ok(existsSync(folder.join('run/hostdev-cpuset/watch.json')));
});

test('contested interrupts, while they are', async () => {
  source.contested = Array.from({ length: 101 }, (_, index) => ({
    domain: 'g',
    address: '0000:82:00.0',
    irq: 40 + index,
  }));
  source.counters = { ...emptyCounters(), contestedNow: 101 };
  publisher.changed();
  await until('they are published', () => published().contested.length > 0);
  assert.equal([published().contested.length, published().contested[0]?.irq], [100, 40]);
  assert.is(said.at(-1), '0 interrupts of 0 domains managed, 101 contested, using trace events');
  source.contested = [];
  source.counters = emptyCounters();
  publisher.changed();
  await until('it has ended', () => published().contested.length === 0);
});

test('how interrupts are learnt of, though nothing else is new', async () => {
  publisher.setTracing('no tracefs');
  await until('it is published', () => published().way === 'intervals');
  assert.is(published().reason, 'no tracefs');
  assert.is(said.at(-1), '0 interrupts of 0 domains managed, polling');
});

test.run();
