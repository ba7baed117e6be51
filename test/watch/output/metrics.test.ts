import { readdirSync, readFileSync, statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cpusetOf } from '../../../src/domain/cpuset.js';
import { formatMetrics, writeMetrics } from '../../../src/report/metrics.js';
import { addResult, emptyCounters } from '../../../src/runtime/counters.js';
import { emptyResult } from '../../../src/watch/result.js';
import { parseExposition } from '../../support/exposition.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

const test = suite('metrics');

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
  const posted = new Map([
    ['g', 3],
    ['a "b" \\c\n', 0],
  ]);
  const strays = [{ domain: 'a "b" \\c\n', address: '0000:82:00.0', count: 9 }];
  return { counters, posted, strays, tracing: true, since: 1_700_000_000_123 };
}

test('metrics are valid Prometheus text, with help and type for every name', () => {
  const families = parseExposition(formatMetrics(sample()));
  const value = (name: string) => families.get(`hostdev_cpuset_${name}`)?.samples[0]?.value;
  assert.equal(
    [
      'domains',
      'devices',
      'interrupts',
      'contested_interrupts',
      'remote_interrupts',
      'tracing',
      'start_time_seconds',
    ].map(value),
    [2, 3, 24, 5, 7, 1, 1_700_000_000.123],
  );
  assert.equal(['writes_total', 'repairs_total', 'contested_total'].map(value), [6, 1, 1]);
  const errors = families.get('hostdev_cpuset_errors_total')?.samples ?? [];
  assert.is(errors.find(({ labels }) => labels === 'kind="exhausted"')?.value, 2);
  assert.equal(
    families.get('hostdev_cpuset_posted_interrupts')?.samples.map(({ labels, value }) => [labels, value]),
    [
      ['domain="g"', 3],
      ['domain="a \\"b\\" \\\\c\\n"', 0],
    ],
  );
  assert.equal(
    families.get('hostdev_cpuset_stray_interrupts_total')?.samples.map(({ labels, value }) => [labels, value]),
    [['domain="a \\"b\\" \\\\c\\n",device="0000:82:00.0"', 9]],
  );
  for (const [name, { type }] of families) assert.is(name.endsWith('_total'), type === 'counter', name);
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

test('the file is replaced atomically and readable by all', () => {
  const folder = new TemporaryFolder();
  try {
    const path = folder.write('x.prom', 'old');
    writeMetrics(path, sample());
    assert.is(readFileSync(path, 'utf8'), formatMetrics(sample()));
    assert.is(statSync(path).mode & 0o777, 0o644);
    assert.equal(readdirSync(folder.path), ['x.prom']);
    assert.throws(() => writeMetrics(folder.join('none/x.prom'), sample()), /ENOENT/);
  } finally {
    folder.remove();
  }
});

test.run();
