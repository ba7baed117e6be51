import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planCommand } from '../../src/cli/commands/plan.js';
import { ToolError } from '../../src/lib/errors.js';
import { parseHostDescription, SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { domain, hostdev } from '../support/domains.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('plan, enforce and status');
const guest = join(projectRoot, 'samples/gpu.xml');
const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';
let folder: TemporaryFolder;
let root: string;

test.before.each(() => {
  folder = new TemporaryFolder();
  root = folder.join('host');
  const description = readFileSync(join(projectRoot, 'samples/hosts/workstation.json'), 'utf8');
  writeTree(new SimulatedKernel(parseHostDescription(description)), root);
});
test.after.each(() => folder.remove());

const tool = (...args: string[]) => runInProcess('hostdev-cpuset', args);
const mask = (irq: number) => readFileSync(join(root, `proc/irq/${irq}/smp_affinity`), 'utf8').trim();
const masks = () => [41, 42, 50, 51, 60].map(mask);
const UNCHANGED = ['ffff', 'ffff', 'ffff', 'ffff', 'ffff'];

test('plan reports what would be written, and writes nothing', async () => {
  const { code, stdout, stderr } = await tool('plan', '--root', root, guest);
  assert.is(stderr, '');
  assert.is(code, 0);
  assert.match(stdout, /^workstation \(vCPUs: CPU 4-7,12-15, from QEMU's threads\)$/m);
  assert.match(stdout, /^3 to set, 0 kept, 2 skipped, 0 failed$/m);
  assert.equal(masks(), UNCHANGED);
});

test('plan and enforce report a definition without a policy', async () => {
  const file = folder.write('plain.xml', domain(hostdev('auto').replace(" cpuset='auto'", '')));
  for (const command of ['plan', 'enforce']) {
    const { code, stdout, stderr } = await tool(command, '--root', root, file);
    assert.is(stderr, 'note: the definition of guest states no policy: no interrupt is placed\n');
    const to = command === 'plan' ? 'to set' : 'set';
    assert.match(stdout, new RegExp(`^0 ${to}, 0 kept, 0 skipped, 0 failed$`, 'm'));
    // Its device is not on this host, which matters only for enforce.
    assert.is(code, command === 'plan' ? 0 : 1);
  }
  folder.write('host/etc/hostdev-cpuset/config.json', '{ "default": "auto" }\n');
  const { stderr } = await tool('plan', '--root', root, file);
  assert.is(stderr, 'note: the definition of guest states no policy: the default of this host applies: auto\n');
});

test('enforce writes each mask once, and status reports them', async () => {
  const first = await tool('enforce', '--root', root, guest);
  assert.match(first.stdout, /^3 set, 0 kept, 2 skipped, 0 failed$/m);
  assert.is(first.code, 0);
  assert.equal(
    masks().map((text) => text.replace(/^0+/, '')),
    ['f0f0', 'ffff', '1010', '1010', 'ffff'],
  );
  assert.match((await tool('enforce', '--root', root, guest)).stdout, /^0 set, 3 kept, 2 skipped, 0 failed$/m);
  assert.match((await tool('status', '--root', root, guest)).stdout, /^0 misplaced, 3 in place, 2 left alone$/m);
});

test('status reports in one line whether interrupts can be posted, if known', async () => {
  const posting = async () => {
    const { stdout } = await tool('status', '--root', root, guest);
    const { host } = JSON.parse((await tool('plan', '--json', '--root', root, guest)).stdout);
    return [host.posting.possible, stdout.replace(/\n {2}(?=\w)/g, ' ').match(/^.*posted.*$/gm)];
  };
  assert.equal(await posting(), [null, null]);
  folder.write('host/sys/class/iommu/dmar0/intel-iommu/cap', '8d2078c106f0466\n');
  assert.equal(await posting(), [null, null], 'kvm_intel is not loaded');
  folder.write('host/sys/module/kvm_intel/parameters/enable_apicv', 'Y\n');
  assert.equal(await posting(), [
    true,
    [
      'interrupts may be posted to running vCPUs, which no count here shows: the IOMMU can post interrupts, and kvm_intel uses APICv (enable_apicv is Y)',
    ],
  ]);
  folder.write('host/proc/cmdline', 'quiet intremap=nopost\n');
  assert.equal(await posting(), [
    false,
    ['no interrupt is posted to a vCPU: the kernel command line has intremap=nopost'],
  ]);
});

test('--json prints one document that is valid against its schema, for each command', async () => {
  for (const command of ['plan', 'enforce', 'status']) {
    const { code, stdout, stderr } = await tool(command, '--json', '--root', root, guest);
    assert.is(stderr, '');
    assert.is(code, 0);
    const report = JSON.parse(stdout);
    validateEnforceReport(report);
    assert.is(report.domains[0].vcpuCpus, '4-7,12-15');
  }
});

test('XML on standard input may be expanded or normalized', async () => {
  const normalized = (await tool('normalize', '--no-check', guest)).stdout;
  for (const input of [normalized, readFileSync(guest, 'utf8')]) {
    const { stdout, code } = await runInProcess('hostdev-cpuset', ['plan', '--root', root], { input });
    assert.match(stdout, /^3 to set, 0 kept, 2 skipped, 0 failed$/m);
    assert.is(code, 0);
  }
});

test('enforce skips a domain that does not run', async () => {
  const stopped = readFileSync(guest, 'utf8').replace(UUID, '00000000-0000-4000-8000-000000000001');
  const { code, stdout } = await runInProcess('hostdev-cpuset', ['enforce', '--root', root], { input: stopped });
  assert.match(stdout, /error: no QEMU of this domain runs here: nothing is written/);
  assert.is(code, 1);
  assert.equal(masks(), UNCHANGED);
});

test("enforce takes the domain's lock over from a dead process", async () => {
  const { pid } = spawnSync('true');
  folder.write('host/run/hostdev-cpuset/.keep', '');
  const state = join(root, 'run/hostdev-cpuset');
  symlinkSync(`${pid} 1`, join(state, `${UUID}.lock`));
  assert.is((await tool('enforce', '--root', root, guest)).code, 0);
  assert.not(readdirSync(state).some((name) => name.includes('.lock')));
});

test('an invalid configuration stops every command, with its place', async () => {
  folder.write('host/etc/hostdev-cpuset/config.json', '{\n  "allowedCpu": "0-3"\n}\n');
  for (const command of ['plan', 'enforce', 'status']) {
    const { code, stdout, stderr } = await tool(command, '--root', root, guest);
    assert.is(code, 2);
    assert.is(stdout, '');
    const place = `hostdev-cpuset: ${root}/etc/hostdev-cpuset/config.json:2:3: `;
    assert.is(stderr.slice(0, place.length), place);
    assert.match(stderr.slice(place.length), /^unknown key "allowedCpu" in the configuration[^\n]*\n$/);
  }
  assert.equal(masks(), UNCHANGED);
});

test('a configuration that others may write to stops every command', async () => {
  const path = folder.write('host/etc/hostdev-cpuset/config.json', '{ "default": "auto" }');
  chmodSync(path, 0o664);
  for (const command of ['plan', 'enforce', 'status']) {
    const { code, stdout, stderr } = await tool(command, '--root', root, guest);
    assert.equal([code, stdout], [2, '']);
    const reason = 'writable by group or others (mode 0664): run chmod go-w';
    assert.is(stderr, `hostdev-cpuset: ${path}: ${reason}\n`);
  }
  assert.equal(masks(), UNCHANGED);
});

test('allowedCpus in the configuration is respected', async () => {
  folder.write('host/etc/hostdev-cpuset/config.json', '{ "allowedCpus": "4,6" }');
  await tool('enforce', '--root', root, guest);
  assert.equal(
    [mask(41), mask(50)].map((text) => text.replace(/^0+/, '')),
    ['50', '10'],
  );
});

test('status of a named domain ends with the verdict of its policies; plan and status --sample 0 omit it', async () => {
  const verdict = /^ {2}0000:01:00\.0: no interrupt in [\d.]+ s: it is idle/m;
  const { stdout } = await tool('status', '--root', root, '--sample', '0.05', guest);
  assert.match(stdout, verdict);
  for (const args of [['status', '--sample', '0'], ['plan']])
    assert.not.match((await tool(...args, '--root', root, guest)).stdout, verdict);
  const { domains } = JSON.parse((await tool('status', '--json', '--root', root, '--sample', '0.05', guest)).stdout);
  assert.is(domains[0].devices[0].verdict.kind, 'idle');
  assert.ok(domains[0].verdict.seconds >= 0.05);
  const { code, stderr } = await tool('status', '--sample', '-1', guest);
  assert.equal([code, stderr], [2, 'hostdev-cpuset: --sample takes 0 to 3600 seconds\n']);
});

test('invalid XML: the error with its place, exit status 1, nothing written', async () => {
  const bad = folder.write('bad.xml', readFileSync(guest, 'utf8').replace("cpuset='auto'", "cpuset='7-4'"));
  const { code, stderr } = await tool('enforce', '--root', root, bad);
  assert.match(stderr, /bad\.xml:\d+:\d+: error: cpuset: the range 7-4 is reversed \[cpuset-syntax\]/);
  assert.is(code, 1);
  assert.equal(masks(), UNCHANGED);
});

test('without root: exit status 2 and one line with the remedy', async () => {
  const stream = { write: () => assert.unreachable(), isTTY: false, isOpen: () => true };
  const stdin = { fd: 0, isTTY: false };
  const io = { env: {}, stdin, stdout: stream, stderr: stream, columns: () => 80, userId: () => 65534 };
  const enforce = () => planCommand({ command: 'enforce', paths: [guest], domains: [] }, io);
  // run() turns this into exit status 2 and one line.
  const message = 'enforce writes /proc/irq/*/smp_affinity, which needs root: run it with sudo';
  const error = await enforce().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ToolError);
  assert.is(error.message, message);
});

test('a root that is not a host: exit status 2, one line', async () => {
  const { code, stdout, stderr } = await tool('plan', '--root', folder.path, guest);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /^hostdev-cpuset: .* is not a Linux host: [^\n]*\n$/);
});

test('a domain is read with virsh, whose error is passed on', async () => {
  const virsh = folder.write(
    'bin/virsh',
    '#!/bin/sh\necho "error: failed to get domain \'nobody\'\nerror: no such domain" >&2\nexit 1\n',
  );
  chmodSync(virsh, 0o755);
  const env = { ...process.env, PATH: `${folder.join('bin')}:${process.env.PATH}` };
  const args = ['status', '--root', root, '-c', 'test:///x', 'nobody'];
  const { code, stdout, stderr } = await runInProcess('hostdev-cpuset', args, { env });
  assert.is(stderr, "hostdev-cpuset: virsh: failed to get domain 'nobody': no such domain\n");
  assert.is(stdout, '');
  assert.is(code, 2);
});

test('status without a name shows all running domains', async () => {
  const answer = `case $* in *list*) echo ${UUID};; *dumpxml*${UUID}*) cat '${guest}';; *) exit 1;; esac`;
  const virsh = folder.write('bin/virsh', `#!/bin/sh\n${answer}\n`);
  chmodSync(virsh, 0o755);
  const env = { ...process.env, PATH: `${folder.join('bin')}:${process.env.PATH}` };
  const args = ['status', '--root', root, '-c', 'test:///x'];
  const { code, stdout, stderr } = await runInProcess('hostdev-cpuset', args, { env });
  assert.is(stderr, '');
  assert.is(code, 0);
  assert.match(stdout, /^workstation /m);
});

test.run();
