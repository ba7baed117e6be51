import { chmodSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HOST_RULES } from '../../src/lint/host-rules/index.js';
import type { LintReport } from '../../src/lint/report.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { domain, GOOD, hostdev } from '../support/domains.js';
import { validateReport, validateSarif } from '../support/json-schemas.js';
import { layOutHost } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite<{ folder: TemporaryFolder }>('lint-domain --host');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

const SAMPLE = `${projectRoot}samples/sriov-two-nodes.xml`;
const TWO_NODES = readFileSync(`${projectRoot}samples/hosts/two-nodes.json`, 'utf8');
const EMPTY_HOST = '{"cpus":{"present":"0-3"},"devices":[]}';

/** Standard error without the note that depends on whether libvirt is installed. */
const complaints = (stderr: string) => stderr.replace(/^note: .*\n/gm, '');

const lint = (folder: TemporaryFolder, ...args: string[]) =>
  runInProcess('lint-domain', ['--host', '--root', 'host', ...args], { cwd: folder.path });

test('--root without --host is a usage error', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  const { code, stdout, stderr } = await runInProcess('lint-domain', ['--root', folder.join('host'), SAMPLE]);
  assert.is(stdout, '');
  assert.is(stderr, 'lint-domain: --root needs --host\n');
  assert.is(code, 2);
});

test('a tree without /sys is not a host: exit status 2', async ({ folder }) => {
  folder.write('host/proc/812/comm', 'irqbalance\n');
  const { code, stdout, stderr } = await lint(folder, SAMPLE);
  assert.is(stdout, '');
  assert.is(stderr, 'lint-domain: host is not a Linux host: it has no /sys/devices/system/cpu/online\n');
  assert.is(code, 2);
});

test('an unreadable host is reported in one line, exit status 2', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  folder.write('host/sys/devices/system/cpu/online', 'all\n');
  const { code, stdout, stderr } = await lint(folder, SAMPLE);
  assert.is(stdout, '');
  assert.is(stderr, 'lint-domain: host/sys/devices/system/cpu/online: EBADMSG\n');
  assert.is(code, 2);
});

test('an invalid configuration is reported in one line with its place, exit status 2', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  folder.write('host/etc/hostdev-cpuset/config.json', '{\n  "defaults": "auto"\n}\n');
  const { code, stdout, stderr } = await lint(folder, SAMPLE);
  assert.is(stdout, '');
  assert.match(
    stderr,
    /^lint-domain: host\/etc\/hostdev-cpuset\/config\.json:2:3: unknown key "defaults" in the configuration \(.+\)\n$/,
  );
  assert.is(code, 2);
});

test('a configuration that others may write to is reported in one line, exit status 2', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  chmodSync(folder.write('host/etc/hostdev-cpuset/config.json', '{}'), 0o666);
  const { code, stdout, stderr } = await lint(folder, SAMPLE);
  assert.equal([code, stdout], [2, '']);
  assert.match(stderr, /^lint-domain: [^\n]+\/config\.json: writable by group or others \(mode 0666\): [^\n]+\n$/);
});

test('--json: findings of host rules are sorted among the others and valid against the JSON Schema', async ({
  folder,
}) => {
  layOutHost(TWO_NODES, folder.join('host'));
  const { code, stdout, stderr } = await lint(folder, '--json', SAMPLE);
  const report: LintReport = JSON.parse(stdout);
  validateReport(report);
  assert.equal(
    report.files[0]?.findings.map(({ rule, severity, line, column }) => [rule, severity, line, column]),
    [
      ['host-irqbalance', 'warning', 54, 45],
      ['host-default-affinity', 'note', 54, 45],
    ],
  );
  assert.equal(report.summary, { files: 1, errors: 0, warnings: 1, notes: 1, unreadable: 0 });
  assert.is(complaints(stderr), '');
  assert.is(code, 0);
});

test('findings of both kinds are in document order', async ({ folder }) => {
  layOutHost(EMPTY_HOST, folder.join('host'));
  folder.write('guest.xml', domain(hostdev('9', 1) + hostdev('3-0', 2)));
  const { code, stdout } = await lint(folder, '--json', 'guest.xml');
  const report: LintReport = JSON.parse(stdout);
  validateReport(report);
  const findings = report.files[0]?.findings ?? [];
  const places = findings.map(({ line, column }) => line * 1000 + column);
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  const rules = findings.map(({ rule }) => rule);
  assert.ok(rules.includes('cpuset-syntax'));
  assert.is(rules.filter((rule) => rule === 'host-device-absent').length, 2);
  assert.is(rules.filter((rule) => rule === 'host-cpu-unusable').length, 1);
  assert.is(code, 1);
});

test('an error of a host rule gives exit status 1, and is not reported without --host', async ({ folder }) => {
  layOutHost(EMPTY_HOST, folder.join('host'));
  folder.write('good.xml', GOOD);
  const { code, stdout } = await lint(folder, 'good.xml');
  assert.match(stdout, /^good\.xml:\d+:\d+: error: this host has no PCI device .+ \[host-device-absent\]$/m);
  assert.is(code, 1);
  assert.is((await runInProcess('lint-domain', ['good.xml'], { cwd: folder.path })).code, 0);
});

test('guests in all files are compared; comments and the configuration apply', async ({ folder }) => {
  layOutHost('{"cpus":{"present":"0-3","threadsPerCore":2},"devices":[]}', folder.join('host'));
  const guest = (name: string, cpus: string, comment = '') =>
    `<domain type='kvm'>\n<name>${name}</name>\n<memory>1</memory>\n${comment}<vcpu cpuset='${cpus}'>1</vcpu>\n<os><type>hvm</type></os>\n<devices>${hostdev('auto')}</devices>\n</domain>\n`;
  const comment = '<!-- lint-domain-disable-next-line host-shared-cpu: never started together -->\n';
  folder.write('guests/a.xml', guest('a', '0-1'));
  folder.write('guests/b.xml', guest('b', '1', comment));
  folder.write('other/c.xml', guest('c', '1'));
  folder.write('other/.lint-domain.json', '{"rules":{"host-shared-cpu":"error","host-shared-core":"off"}}');
  folder.write('other/d.xml', guest('d', '3'));
  folder.write('other/network.xml', '<network/>\n');
  const { stdout } = await lint(folder, '--json', 'guests', 'other');
  const { files } = JSON.parse(stdout) as LintReport;
  const found = files.map(({ path, findings }) => [
    path,
    findings
      .filter(({ rule }) => /shared|comment/.test(rule))
      .map(({ rule, severity, message }) => `${severity} ${rule}: ${message}`),
  ]);
  const threads = (names: string, cpus: string) =>
    `warning host-shared-core: vCPUs of ${names} may run on other threads of the cores of ${cpus}: each guest slows down the other`;
  const shared = (names: string) =>
    `host-shared-cpu: vCPUs of ${names} may run on CPU 1 too: each guest delays the other`;
  assert.equal(found, [
    ['guests/a.xml', [`warning ${shared('"b" and "c"')}`, threads('"d"', 'CPU 1')]],
    ['guests/b.xml', [threads('"d"', 'CPU 1')]],
    ['other/c.xml', [`error ${shared('"a" and "b"')}`]],
    ['other/d.xml', []],
    ['other/network.xml', []],
  ]);
});

test('host rules are not applied to a document that is not a domain', async ({ folder }) => {
  layOutHost(EMPTY_HOST, folder.join('host'));
  folder.write('network.xml', '<network/>\n');
  const { code, stdout } = await lint(folder, '--json', 'network.xml');
  assert.equal(
    (JSON.parse(stdout) as LintReport).files[0]?.findings.map(({ rule }) => rule),
    ['not-a-domain'],
  );
  assert.is(code, 1);
});

test('SARIF lists the host rules, and each result refers to its rule', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  const { stdout } = await lint(folder, '--format', 'sarif', SAMPLE);
  const log = JSON.parse(stdout);
  validateSarif(log);
  const [{ tool, results }] = log.runs;
  const listed: string[] = tool.driver.rules.map(({ id }: { id: string }) => id);
  assert.equal(
    listed.slice(-HOST_RULES.length),
    HOST_RULES.map(({ name }) => name),
  );
  assert.is(new Set(listed).size, listed.length);
  const named = results.map(({ ruleId, ruleIndex }: { ruleId: string; ruleIndex: number }) => [
    ruleId,
    listed[ruleIndex],
  ]);
  assert.equal(named, [
    ['host-irqbalance', 'host-irqbalance'],
    ['host-default-affinity', 'host-default-affinity'],
  ]);
});

test('github: a note is a notice', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  const { stdout } = await lint(folder, '--format', 'github', SAMPLE);
  assert.match(stdout, /^::warning .*title=host-irqbalance::irqbalance \(pid 812\) /m);
  assert.match(stdout, /^::notice .*title=host-default-affinity::/m);
});

test('nothing is written to the host', async ({ folder }) => {
  layOutHost(TWO_NODES, folder.join('host'));
  const mask = folder.join('host/proc/irq/120/smp_affinity');
  const before = readFileSync(mask, 'utf8');
  await lint(folder, SAMPLE);
  assert.is(readFileSync(mask, 'utf8'), before);
});

test.run();
