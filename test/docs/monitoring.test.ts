import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { formatMetrics } from '../../src/report/metrics.js';
import { type DomainCounts, emptyCounters } from '../../src/runtime/counters.js';
import { projectRoot } from '../support/cli.js';
import { parseExposition } from '../support/exposition.js';
import { dashboardQueries, monitoringFolder, readDashboard } from '../support/monitoring.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('alerts and dashboard');
const NONE = { misplaced: 0, contested: 0, remote: 0, posted: 0, unreadable: 0, unreadableDevices: 0 };
const domain: DomainCounts = { domain: 'guest', devices: 1, interrupts: 4, ...NONE };
const times = { since: 1_700_000_000_000, at: 1_700_000_060_000 };
const exposition = formatMetrics({
  ...{
    counters: emptyCounters(),
    domainCounts: [domain],
    strays: [{ domain: 'guest', address: '0000:06:12.5', count: 1 }],
    tracing: true,
    version: '1.2.3',
  },
  ...times,
});
/** Each sample's name, with the names of its labels. */
const samples = new Map(
  [...parseExposition(exposition)].flatMap(([name, family]) =>
    family.samples.map(({ suffix, labels }): [string, string[]] => [
      name + suffix,
      [...labels.matchAll(/(\w+)="/g)].map((match) => match[1] as string),
    ]),
  ),
);
/** What Prometheus adds to each. */
const TARGET_LABELS = ['instance', 'job'];
const alerts = readFileSync(join(monitoringFolder, 'alerts.yaml'), 'utf8');
const rules: { alert: string; expr: string }[] = parse(alerts).groups[0].rules;
const dashboard = readDashboard();

/** The metrics of ours that an expression names, each with the labels that its selector has. */
const metricsIn = (expr: string) =>
  [...expr.matchAll(/\b(hostdev_cpuset_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', selector = '']) => ({
    name,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((match) => match[1] as string),
  }));

const expressions = [
  ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
  ...dashboardQueries(dashboard).map(({ panel, expr }) => ({ where: panel, expr })),
  ...dashboard.templating.list
    .flatMap(({ definition }) => definition ?? [])
    .map((expr) => ({ where: 'variable', expr })),
];

test('each expression names metrics and labels that the watcher writes', () => {
  for (const { where, expr } of expressions) {
    const named = metricsIn(expr);
    assert.ok(named.length > 0, where);
    for (const { name, labels } of named) {
      const known = samples.get(name);
      assert.ok(known, `${where}: ${name} is not written`);
      for (const label of labels) assert.ok([...TARGET_LABELS, ...(known ?? [])].includes(label), `${where}: ${label}`);
    }
  }
});

test('each gauge of a domain that can be wrong has an alert, and each metric is documented', () => {
  const alerted = new Set(rules.flatMap(({ expr }) => metricsIn(expr).map(({ name }) => name)));
  for (const name of ['misplaced_interrupts', 'contested_interrupts', 'remote_interrupts', 'unreadable_interrupts'])
    assert.ok(alerted.has(`hostdev_cpuset_${name}`), name);
  const page = readFileSync(join(projectRoot, 'docs/metrics.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(hostdev_cpuset_\w+)(?:\{([\w,]+)\})?` *\| (\w+)/gm)];
  assert.equal(
    documented.map(([, name, label = '', type]) => `${name} ${label} ${type}`).sort(),
    [...parseExposition(exposition)]
      .map(([name, { type }]) => {
        const labels = samples.get(type === 'histogram' ? `${name}_sum` : name) ?? [];
        return `${name} ${labels.join()} ${type}`;
      })
      .sort(),
  );
  for (const { alert } of rules) assert.ok(page.includes(`| \`${alert}\` `), alert);
});

test('the panels of the dashboard have numbers of their own, and do not overlap', () => {
  const { panels, uid, title, schemaVersion, templating } = dashboard;
  assert.ok(uid && title && schemaVersion >= 36);
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title: name, gridPos, targets } of panels) {
    const { x, y, w, h } = gridPos;
    assert.ok(x >= 0 && x + w <= 24, name);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.not.ok(taken.has(`${column} ${row}`), name);
        taken.add(`${column} ${row}`);
      }
    }
    assert.is(new Set(targets.map(({ refId }) => refId)).size, targets.length, name);
  }
  const used = new Set([...JSON.stringify(panels).matchAll(/\$\{?(?!__)(\w+)/g)].map((match) => match[1]));
  assert.equal([...used].sort(), templating.list.map(({ name }) => name).sort());
});
test.run();

const promtool = suiteWhere('promtool', needs('promtool'));
const run = (args: string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

promtool('finds nothing wrong with the metrics', () => {
  assert.equal(run(['check', 'metrics'], exposition), { status: 0, output: '' });
});

promtool('finds the alerts valid, and each fires in its test', () => {
  const check = run(['check', 'rules', join(monitoringFolder, 'alerts.yaml')]);
  assert.is(check.status, 0, check.output);
  const tests = run(['test', 'rules', join(monitoringFolder, 'alerts-test.yaml')]);
  assert.is(tests.status, 0, tests.output);
  const text = readFileSync(join(monitoringFolder, 'alerts-test.yaml'), 'utf8');
  const cases: { alertname: string; exp_alerts?: unknown[] }[] = parse(text).tests.flatMap(
    (one: { alert_rule_test: unknown[] }) => one.alert_rule_test,
  );
  for (const { alert } of rules) {
    const fired = cases.filter(({ alertname }) => alertname === alert).map((one) => (one.exp_alerts ?? []).length > 0);
    assert.ok(fired.includes(true) && fired.includes(false), `${alert}: a test where it fires, and one where not`);
  }
});

promtool('can read the queries of the dashboard', () => {
  const folder = new TemporaryFolder();
  try {
    const queries = dashboardQueries(dashboard).map(({ expr }, index) => ({ record: `query_${index}`, expr }));
    const file = folder.write('queries.yaml', stringify({ groups: [{ name: 'dashboard', rules: queries }] }));
    const { status, output } = run(['check', 'rules', file]);
    assert.is(status, 0, output);
    assert.match(output, `${queries.length} rules found`);
  } finally {
    folder.remove();
  }
});
promtool.run();
