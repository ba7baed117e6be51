import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { StateStore } from '../../src/runtime/state-store.js';
import { frontText } from '../hook/installed-front.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { namespaceOf, processesIn } from '../support/namespace-processes.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';

const test = suiteWhere(
  'hook in a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
let libvirtd: PrivateLibvirtd;
let root: SimulatedRoot;

const POLICY = '<hostdev address="0000:06:12.5" cpuset="2-3"/><hostdev address="0000:07:00.0" cpuset="4-5"/>';
const PLACED = ['2-3', '2-3', '2-3', '4-5'];
const START = ['prepare begin', 'start begin', 'started begin'];
const STOP = ['stopped end', 'release end'];
const REAL = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;

test.before(async () => {
  libvirtd = await startLibvirtd();
});
test.after(() => libvirtd?.stop());
test.before.each(() => {
  root = new SimulatedRoot();
  install(REAL);
});
test.after.each(async () => {
  await libvirtd.virsh(['destroy', 'guest']);
  await libvirtd.virsh(['undefine', 'guest', '--managed-save']);
  root.remove();
});

test('a start places the interrupts, and an end restores the line', async () => {
  await define(POLICY);
  await libvirtd.succeeds('start', 'guest');
  assert.equal(calls(), START);
  assert.equal(root.affinities(), PLACED);
  assert.is(states().length, 1);
  assert.equal(leftovers(), ['sh'], 'no process of the hook remains: libvirt would wait for it');

  await libvirtd.succeeds('destroy', 'guest');
  assert.equal(calls(), [...START, ...STOP]);
  assert.is(root.affinity(16), '0-7', 'the line is restored');
  assert.equal(states(), []);
  assertSilent();
});

test('auto follows the pinned vCPUs', async () => {
  await define('<hostdev address="0000:06:12.5" cpuset="auto"/>');
  await libvirtd.succeeds('start', 'guest');
  assert.is(root.affinity(40), '0');
  assertSilent();
});

test('a managed save ends the domain, and the next start places its interrupts again', async () => {
  await define(POLICY);
  await libvirtd.succeeds('start', 'guest');
  await libvirtd.succeeds('managedsave', 'guest');
  assert.equal(calls(), [...START, ...STOP]);
  assert.equal(states(), []);
  root.renewVectors();
  await libvirtd.succeeds('start', 'guest');
  assert.equal(calls().slice(5), ['restore begin', ...START]);
  assert.equal(root.affinities(), PLACED);
  assertSilent();
});

test('a restart of the daemon leaves the domain running, and its interrupts are placed again', async () => {
  await define(POLICY);
  await libvirtd.succeeds('start', 'guest');
  root.renewVectors();
  await restartDaemon();
  assert.is(await state(), 'running');
  assert.equal(calls(), [...START, 'reconnect begin']);
  assert.equal(root.affinities(), PLACED);
  assertSilent();
});

for (const [name, prepare] of [
  ['a policy without an existing CPU', () => define('<hostdev address="0000:06:12.5" cpuset="9-12"/>')],
  ['a policy that cannot be read', () => define('<hostdev address="../../.." cpuset="3-0"/><junk/>')],
  ['a configuration that cannot be read', () => define(POLICY).then(() => root.configure('{ "onError": "abort"'))],
  ['an enforcer that crashes', () => define(POLICY).then(() => install(crashing()))],
  ['a missing enforcer', () => define(POLICY).then(() => install(root.join('none')))],
  ['a host without that device', () => define('<hostdev address="0000:99:00.0" cpuset="2"/>')],
] as const) {
  test(`${name}: the domain starts, survives a restart of the daemon, and ends`, async () => {
    await prepare();
    await libvirtd.succeeds('start', 'guest');
    assert.is(await state(), 'running');
    assert.equal(root.affinities(), ['0-7', '0-7', '0-7', '0-7']);
    await restartDaemon();
    assert.is(await state(), 'running');
    await libvirtd.succeeds('destroy', 'guest');
    assert.equal(calls(), [...START, 'reconnect begin', ...STOP]);
    assertSilent();
  });
}

test('a start fails with a reason if the configuration says so', async () => {
  root.configure('{ "onError": "abort" }');
  await define('<hostdev address="0000:06:12.5" cpuset="9-12"/>');
  const { code, stderr } = await libvirtd.virsh(['start', 'guest']);
  assert.is(code, 1);
  assert.match(stderr, 'the domain must not start: guest: prepare: 0000:06:12.5: 9-12: none of its CPUs is online');
  assert.is(await state(), 'shut off');
  await define(POLICY);
  await libvirtd.succeeds('start', 'guest');
  assert.equal(root.affinities(), PLACED);
});

test.run();

/**
 * Installs the hook with a wrapper for what the machine lacks: the XML gets the hostdevs of the simulated host, and
 * their line loses its handler with QEMU. The wrapper records libvirt's calls, and the hook's output.
 */
function install(cli: string): void {
  const front = root.write(
    'front',
    frontText({ node: cli === REAL ? process.execPath : '', cli, root: root.path, watcher: 'no' }),
  );
  const device = (bus: string, slot: string, fn: string) =>
    `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source></hostdev>`;
  const wrapper = `#!/bin/sh
cd '${root.path}'
echo "$2 $3" >>calls
case $2 in
  prepare) echo 'vfio-intx(0000:07:00.0)' >sys/kernel/irq/16/actions ;;
  stopped) echo >sys/kernel/irq/16/actions ;;
esac
sed "s|<devices>|<devices>${device('06', '12', '5')}${device('07', '00', '0')}|" | sh '${front}' "$@" >stdout 2>stderr
status=$?
cat stdout >>all-stdout
cat stdout
cat stderr >&2
exit $status
`;
  const path = `${libvirtd.directory}/etc/libvirt/hooks/qemu`;
  writeFileSync(path, wrapper);
  chmodSync(path, 0o755);
}

function crashing(): string {
  const path = root.write('crashing', '#!/bin/sh\nkill -SEGV $$\n');
  chmodSync(path, 0o755);
  return path;
}

/** A small emulated domain with policies for devices that only the hook sees. */
async function define(entries: string): Promise<void> {
  const xml = `<domain type='qemu'>
  <name>guest</name>
  <metadata><hostdevs xmlns="urn:hostdev-cpuset:1">${entries}</hostdevs></metadata>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <cputune><vcpupin vcpu='0' cpuset='0'/></cputune>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><memballoon model='none'/></devices>
</domain>`;
  const uuid = /<uuid>.*<\/uuid>/.exec((await libvirtd.virsh(['dumpxml', 'guest'])).stdout)?.[0] ?? '';
  await libvirtd.succeeds('define', '--validate', root.write('guest.xml', xml.replace('</name>', `</name>${uuid}`)));
}

/**
 * Restarts the daemon and waits until it has reconnected to its guests, as a monitor command does and domstate does
 * not.
 */
async function restartDaemon(): Promise<void> {
  await libvirtd.restart();
  await libvirtd.succeeds('qemu-monitor-command', 'guest', '--hmp', 'info status');
}

const state = async () => (await libvirtd.succeeds('domstate', 'guest')).stdout.trim();

function calls(): string[] {
  return readFileSync(root.join('calls'), 'utf8').trimEnd().split('\n');
}

function assertSilent(): void {
  assert.is(readFileSync(root.join('all-stdout'), 'utf8'), '');
}

const states = () => new StateStore(root.path).list();

/** Processes in libvirtd's namespaces, except those that always run. */
function leftovers(): string[] {
  return processesIn(namespaceOf(libvirtd.directory)).filter((name) => !/^(unshare|libvirtd|qemu-system)/.test(name));
}
