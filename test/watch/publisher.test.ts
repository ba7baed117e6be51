import { mkdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { noCounters } from '../../src/watch/hold/counters.js';
import { Publisher } from '../../src/watch/tell/publisher.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite('what the watcher publishes');
let folder: TemporaryFolder;
let publisher: Publisher;
let said: string[];
const source = { counters: noCounters() };

test.before.each(() => {
  folder = new TemporaryFolder();
  mkdirSync(folder.join('run/hostdev-cpuset'), { recursive: true });
  said = [];
  source.counters = noCounters();
  const told = { journal: () => {}, status: (text: string) => void said.push(text) };
  publisher = new Publisher({ root: folder.path, metrics: undefined, pid: 1, untilIdle: false, ...told }, source);
  publisher.start();
});
test.after.each(() => {
  publisher.stop();
  folder.remove();
});

const published = () => JSON.parse(readFileSync(folder.join('run/hostdev-cpuset/watch.json'), 'utf8'));

test('what is new, once; nothing where nothing is', async () => {
  assert.equal(said, ['0 interrupts of 0 domains held, told by the kernel']);
  source.counters = { ...noCounters(), domains: 1, interrupts: 4 };
  for (let run = 0; run < 3; run++) publisher.changed();
  await until('it is published', () => published().counters.interrupts === 4);
  const at = readFileSync(folder.join('run/hostdev-cpuset/watch.json'));
  publisher.changed();
  source.counters = { ...source.counters };
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.equal(readFileSync(folder.join('run/hostdev-cpuset/watch.json')), at);
  assert.equal(said.slice(1), ['4 interrupts of 1 domains held, told by the kernel']);
});

test('how interrupts are learnt of, though nothing else is new', async () => {
  publisher.way('no tracefs');
  await until('it is published', () => published().way === 'intervals');
  assert.is(published().reason, 'no tracefs');
  assert.is(said.at(-1), '0 interrupts of 0 domains held, looked at in intervals');
});

test.run();
