import { appendFileSync, chmodSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMask } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import type { DomainReport } from '../../src/report/report.js';
import { addressOf, guest, podGuest, podsHost, SCOPES, statusXml } from '../discovery/pods-host.js';
import { SimulatedKernel, writeTree } from '../simulator/index.js';
import { runCli } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('plan, enforce and status --discover proc');
let root: TemporaryFolder;

test.before.each(() => {
  root = new TemporaryFolder();
  const domains = [
    podGuest(0, statusXml(`<hostdev address="${addressOf(0)}" cpuset="auto"/>`)),
    guest(1, { isOnHost: true }, { name: 'script' }),
  ];
  writeTree(new SimulatedKernel(podsHost(domains, SCOPES)), root.path);
});
test.after.each(() => root.remove());

const run = (command: string, ...args: string[]) =>
  runInProcess('hostdev-cpuset', [command, '--root', root.path, ...args]);
const affinities = () =>
  [40, 41, 50, 51].map((irq) =>
    formatCpuset(parseMask(readFileSync(root.join(`proc/irq/${irq}/smp_affinity`), 'utf8')) ?? []),
  );
const OWNER = 'pod tenant-a/virt-launcher-vm-x';

test('plan and status show all that are found; enforce places their interrupts', async () => {
  const summaries = { plan: '2 to set, 0 kept, 2 skipped', status: '2 misplaced, 0 in place, 2 left alone' };
  for (const [command, summary] of Object.entries(summaries)) {
    const details = command === 'status' ? ['--details'] : [];
    const { code, stdout } = await run(command, '--discover', 'proc', ...details);
    assert.is(code, 0);
    assert.ok(stdout.includes(`default_vm (vCPUs: CPU 2-3, from QEMU's threads)\n  of ${OWNER} (pid 5000)\n`), stdout);
    assert.match(stdout, /^script \(.*\n {2}of root \(pid 5100\)$/m);
    assert.ok(stdout.includes(`\n${summary}`), stdout);
  }
  assert.equal(affinities(), ['0-7', '0-7', '0-7', '0-7']);
  assert.is((await run('enforce', '--discover', 'proc')).code, 0);
  assert.equal(affinities(), ['2-3', '2-3', '0-7', '0-7']);
  assert.match((await run('enforce', '--discover', 'proc')).stdout, /^0 set, 2 kept, 2 skipped, 0 failed$/m);
});

test('a guest by the name that it or the report has, by its UUID or by its pid', async () => {
  for (const word of ['default_vm', `default_vm (${OWNER})`, '6f0d1c2e-3b4a-5c6d-8e7f-001122334455', '5000']) {
    const { stdout, code } = await run('plan', '--discover', 'proc', '--json', '--domain', word);
    assert.is(code, 0);
    const report = JSON.parse(stdout);
    validateEnforceReport(report);
    assert.equal(
      report.domains.map(({ name, uuid, owner, pid }: DomainReport) => [name, uuid, owner, pid]),
      [['default_vm', '6f0d1c2e-3b4a-5c6d-8e7f-001122334455', OWNER, 5000]],
    );
  }
  const { code, stdout, stderr } = await run('plan', '--discover', 'proc', '--domain', 'nobody');
  assert.equal([code, stdout, stderr], [2, '', 'hostdev-cpuset: no QEMU with a VFIO device is called nobody\n']);
});

test('a guest that is not found may be a process that cannot be read', async () => {
  appendFileSync(root.join('proc/5100/status'), 'FDSize:\t131072\n');
  const { stderr } = await run('plan', '--discover', 'proc', '--domain', 'script');
  const reason = 'no QEMU with a VFIO device is called script; not every process can be read';
  assert.is(stderr, `hostdev-cpuset: ${reason}\n`);
});

test('status of another root looks into /proc by itself: overview, --check, --json and --html', async () => {
  const { stdout } = await runCli('hostdev-cpuset', ['status', '--root', root.path], { env: { COLUMNS: '120' } });
  assert.match(stdout, /^default_vm \(pod tenant-a.* 2 .*\nscript \(root\) .* 2 /m);
  assert.match(stdout, /^2 guests with 4 interrupts: 2 misplaced, 0 in place$/m);
  const check = await run('status', '--check');
  assert.is(check.code, 1);
  assert.ok(check.stdout.startsWith(`PROBLEM: 2 interrupts misplaced (default_vm (${OWNER}))`), check.stdout);
  const report = JSON.parse((await run('status', '--json')).stdout);
  assert.equal(
    report.domains.map(({ owner, pid }: DomainReport) => [owner, pid]),
    [
      [OWNER, 5000],
      ['root', 5100],
    ],
  );
  assert.match((await run('status', '--html', '-')).stdout, />default_vm/);
  assert.match((await run('status', '--discover', 'libvirt')).stdout, /^no running guest with host devices$/m);
});

test('a guest in /proc that libvirt knows comes from libvirt, once', async () => {
  root.remove();
  root = new TemporaryFolder();
  const domains = [guest(2, { isOfLibvirt: true }, { name: 'known' }), guest(1, { isOnHost: true })];
  writeTree(new SimulatedKernel(podsHost(domains)), root.path);
  const entry = `<hostdev address="${addressOf(2)}" cpuset="auto"/>`;
  const xml = statusXml(entry, { pid: 5200, name: 'known', addresses: [addressOf(2)] });
  root.write('run/libvirt/qemu/known.xml', xml);
  for (const words of [[], ['known', '5100']]) {
    const { stdout } = await run('status', '--discover', 'libvirt,proc', '--sample', '0', '--json', ...words);
    const { domains: found } = JSON.parse(stdout);
    assert.equal(
      found.map(({ name, pid, devices }: DomainReport) => [name, pid, devices.map(({ policy }) => policy)]),
      [
        ['known', undefined, ['auto']],
        ['default_vm', 5100, ['native']],
      ],
    );
  }
});

test('--discover takes libvirt and proc', async () => {
  const { code, stderr } = await run('plan', '--discover', 'procfs');
  assert.equal([code, stderr], [2, 'hostdev-cpuset: --discover takes libvirt, proc: procfs\n']);
});

test('the policies of a QEMU of a script are in guests.d; those of a pod are not', async () => {
  root.write('etc/hostdev-cpuset/guests.d/script.json', JSON.stringify({ policy: '6' }));
  root.write('etc/hostdev-cpuset/guests.d/default_vm.json', JSON.stringify({ policy: '7' }));
  root.write('etc/hostdev-cpuset/guests.d/script.json~', 'not JSON');
  const { stdout, stderr } = await run('enforce', '--discover', 'proc');
  assert.is(stderr, '');
  assert.match(stdout, /^ {2}0000:06:00\.1: cpuset \(guests\.d\) -> 6$/m);
  assert.equal(affinities(), ['2-3', '2-3', '6', '6']);
});

test('a link to nothing in guests.d, and a file in its place, are errors', async () => {
  const folder = root.join('etc/hostdev-cpuset/guests.d');
  const planned = () => run('plan', '--discover', 'proc');
  root.write('etc/hostdev-cpuset/guests.d/a.json', '{}');
  symlinkSync('/nowhere.json', `${folder}/b.json`);
  assert.match((await planned()).stderr, /guests\.d\/b\.json: a link to a file that does not exist\n$/);
  rmSync(folder, { recursive: true });
  root.write('etc/hostdev-cpuset/guests.d', '{}');
  assert.match((await planned()).stderr, /guests\.d: not a directory\n$/);
});

test('a file of guests.d that is wrong stops everything, with its place', async () => {
  const path = root.write('etc/hostdev-cpuset/guests.d/script.json', '{ "policy": "3-1" }');
  const { code, stderr } = await run('plan', '--discover', 'proc');
  assert.equal([code, stderr], [2, `hostdev-cpuset: ${path}:1:13: cpuset: the range 3-1 is reversed ("1-3")\n`]);
  chmodSync(path, 0o666);
  assert.match((await run('plan', '--discover', 'proc')).stderr, /script\.json: writable by group or others/);
});

test('a scope that is wrong stops everything, with its place', async () => {
  root.write('etc/hostdev-cpuset/config.json', '{\n  "scopes": [{ "cpus": "1" }]\n}\n');
  const { code, stderr } = await run('plan', '--discover', 'proc');
  assert.is(code, 2);
  assert.match(stderr, /config\.json:2:14: an item of scopes must have namespaces, pods or users\n$/);
});

test.run();
