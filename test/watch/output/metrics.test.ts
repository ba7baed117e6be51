import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cpusetOf } from '../../../src/domain/cpuset.js';
import { formatMetrics } from '../../../src/report/metrics.js';
import { removeMetrics, writeMetrics } from '../../../src/report/metrics-file.js';
import { addResult, type DomainCounts, emptyCounters } from '../../../src/runtime/counters.js';
import { emptyResult } from '../../../src/watch/result.js';
import { parseExposition } from '../../support/exposition.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

const test = suite('metrics');

/** Another number for each gauge. */
function countsOf(domain: string, first: number): DomainCounts {
  const numbers = [
    'devices',
    'interrupts',
    'misplaced',
    'contested',
    'remote',
    'posted',
    'unreadable',
    'unreadableDevices',
  ];
  const gauges = Object.fromEntries(numbers.map((name, index) => [name, first + index]));
  return { domain, ...gauges } as unknown as DomainCounts;
}

function sample() {
  const counters = { ...emptyCounters(), domains: 2, devices: 3, interrupts: 24, contestedNow: 5, remote: 7 };
  counters.errors.exhausted = 2;
  const masks = { from: null, to: cpusetOf([2]), target: cpusetOf([2]) };
  const usual = { domain: 'g', uuid: 'u', address: 'a', irq: 1, vector: 0, handler: 'h', ...masks };
  const changed = [0.4, 12, 3000, 99_999].map((lagMs) => ({ ...usual, kind: 'placed' as const, lagMs }));
  addResult(counters, {
    ...emptyResult(),
    changed: [...changed, { ...usual, kind: 'repaired' }, { ...usual, kind: 'contested' }],
    writes: 6,
  });
  const domainCounts = [countsOf('g', 1), countsOf('a "b" \\c\n', 11)];
  const strays = [{ domain: 'a "b" \\c\n', address: '0000:82:00.0', count: 9 }];
  return {
    counters,
    domainCounts,
    strays,
    tracing: true,
    version: '1.2.3',
    since: 1_700_000_000_123,
    at: 1_700_000_060_000,
  };
}

test('metrics are valid Prometheus text, with help and type for every name', () => {
  const families = parseExposition(formatMetrics(sample()));
  const value = (name: string) => families.get(`hostdev_cpuset_${name}`)?.samples[0]?.value;
  assert.equal(
    ['up', 'domains', 'tracing', 'start_time_seconds', 'metrics_timestamp_seconds'].map(value),
    [1, 2, 1, 1_700_000_000.123, 1_700_000_060],
  );
  assert.equal(['writes_total', 'repairs_total', 'contested_total'].map(value), [6, 1, 1]);
  const errors = families.get('hostdev_cpuset_errors_total')?.samples ?? [];
  assert.is(errors.find(({ labels }) => labels === 'kind="exhausted"')?.value, 2);
  assert.equal(families.get('hostdev_cpuset_build_info')?.samples, [
    { suffix: '', labels: 'version="1.2.3"', value: 1 },
  ]);
  assert.equal(
    families.get('hostdev_cpuset_stray_interrupts_total')?.samples.map(({ labels, value }) => [labels, value]),
    [['domain="a \\"b\\" \\\\c\\n",device="0000:82:00.0"', 9]],
  );
  for (const [name, { type }] of families) assert.is(name.endsWith('_total'), type === 'counter', name);
});

test('each domain has a gauge for each kind of problem', () => {
  const names = 'devices interrupts misplaced_interrupts contested_interrupts remote_interrupts posted_interrupts';
  const families = parseExposition(formatMetrics(sample()));
  `${names} unreadable_interrupts unreadable_devices`.split(' ').forEach((name, index) => {
    assert.equal(
      families.get(`hostdev_cpuset_${name}`)?.samples.map(({ labels, value }) => [labels, value]),
      [
        ['domain="g"', 1 + index],
        ['domain="a \\"b\\" \\\\c\\n"', 11 + index],
      ],
      name,
    );
  });
});

test('two domains with the same name are one sample', () => {
  const domainCounts = [countsOf('g', 1), countsOf('g', 10)];
  const families = parseExposition(formatMetrics({ ...sample(), domainCounts }));
  assert.equal(families.get('hostdev_cpuset_devices')?.samples, [{ suffix: '', labels: 'domain="g"', value: 11 }]);
});

test('the lag is a histogram in seconds with cumulative buckets', () => {
  const family = parseExposition(formatMetrics(sample())).get('hostdev_cpuset_placement_lag_seconds');
  assert.is(family?.type, 'histogram');
  const buckets = family?.samples.filter(({ suffix }) => suffix === '_bucket') ?? [];
  const below = (le: string) => buckets.find(({ labels }) => labels === `le="${le}"`)?.value;
  assert.equal(['0.001', '0.01', '0.02', '1', '5', '10', '+Inf'].map(below), [1, 1, 2, 2, 3, 3, 4]);
  const values = buckets.map(({ value }) => value);
  assert.equal(
    values,
    [...values].sort((a, b) => a - b),
  );
  const whole = (suffix: string) => family?.samples.find((one) => one.suffix === suffix)?.value;
  assert.is(whole('_count'), 4);
  assert.is(whole('_sum'), (0.4 + 12 + 3000 + 99_999) / 1000);
});

test('the file is replaced atomically, is readable by all, and can be removed', () => {
  const folder = new TemporaryFolder();
  try {
    const path = folder.write('x.prom', 'old');
    writeMetrics(path, sample());
    assert.is(readFileSync(path, 'utf8'), formatMetrics(sample()));
    assert.is(statSync(path).mode & 0o777, 0o644);
    assert.equal(readdirSync(folder.path), ['x.prom']);
    removeMetrics(path);
    assert.equal(readdirSync(folder.path), []);
    removeMetrics(path);
    assert.throws(() => writeMetrics(folder.join('none/x.prom'), sample()), /ENOENT/);
  } finally {
    folder.remove();
  }
});

test('what is not a regular file, such as a device, is neither replaced nor removed', () => {
  const folder = new TemporaryFolder();
  try {
    const path = folder.join('fifo');
    execFileSync('mkfifo', [path]);
    assert.throws(() => writeMetrics(path, sample()), /fifo: it is not a regular file$/);
    assert.throws(() => removeMetrics(path), /fifo: it is not a regular file$/);
    assert.ok(lstatSync(path).isFIFO());
  } finally {
    folder.remove();
  }
});

test.run();
