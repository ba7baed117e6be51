import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { Watching } from '../cli/watching.js';
import { dashboardQueries, monitoringFolder, readDashboard } from '../support/monitoring.js';
import { needs, suiteWhere } from '../support/needs.js';
import { until } from '../support/until.js';
import { PrivatePrometheus } from './private-prometheus.js';

const test = suiteWhere(
  'the watcher, node_exporter and Prometheus',
  needs('prometheus', 'prometheus-node-exporter', 'setpriv'),
);
let host: Watching;
let prometheus: PrivatePrometheus;
test.before.each(() => {
  host = new Watching();
  prometheus = new PrivatePrometheus();
});
test.after.each(async () => {
  await prometheus.stop();
  await host.remove();
});

/** The alerts of the example, without their waiting times. */
function impatientAlerts(): object {
  const rules = parse(readFileSync(join(monitoringFolder, 'alerts.yaml'), 'utf8'));
  for (const rule of rules.groups[0].rules) rule.for = '0s';
  return rules;
}

const firing = (alert: string, labels: Record<string, string> = {}) =>
  until(`${alert} fires`, async () => {
    const wanted = Object.entries({ alertname: alert, ...labels });
    const alerts = await prometheus.alerts();
    return alerts.some(
      ({ state, labels: has }) => state === 'firing' && wanted.every(([key, value]) => has[key] === value),
    );
  });

test('an alert fires when an interrupt is moved away, and another when the watcher ends', async () => {
  host.root.configure(JSON.stringify({ contest: { limit: 1, window: 60_000 } }));
  const textFiles = host.root.join('textfile');
  await prometheus.start(host.root, textFiles, impatientAlerts());
  const metrics = join(textFiles, 'hostdev-cpuset.prom');
  await host.start(['--metrics', metrics]);
  host.spool();
  await host.placed();
  await until('Prometheus has the interrupts', async () => {
    const [sample] = await prometheus.query('hostdev_cpuset_interrupts{domain="guest"}');
    return sample?.value[1] === '4';
  });
  assert.equal(await prometheus.alerts(), []);
  // a rate needs two scrapes
  for (const { panel, expr } of dashboardQueries(readDashboard()))
    await until(`the panel "${panel}" has data`, async () => (await prometheus.query(expr)).length > 0);

  // repaired once; after that it is contested, and stays where it was moved to
  await until('it is contested', () => {
    if (host.root.affinity(41) === '2-3') host.root.move(41, 'ff');
    return host.stderr.includes('keeps being moved');
  });
  await firing('HostdevCpusetMisplaced', { domain: 'guest' });
  await firing('HostdevCpusetContested', { domain: 'guest' });

  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  assert.not.ok(existsSync(metrics));
  await firing('HostdevCpusetWatcherDown');
});

test.run();
