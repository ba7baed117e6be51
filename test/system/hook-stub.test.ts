import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { stubText } from '../hook/installed-front.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { until } from '../support/until.js';

const test = suiteWhere(
  'stub of the hook in a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
const GUEST = `<domain type='qemu'><name>small</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><memballoon model='none'/></devices></domain>`;
const START = ['prepare begin', 'start begin', 'started begin'];
const STOP = ['stopped end', 'release end'];
const COPIES = ['.dpkg-new', '.dpkg-old', '.dpkg-dist', '.rpmnew', '.rpmsave', '~'];
let libvirtd: PrivateLibvirtd;

test.before(async () => {
  libvirtd = await startLibvirtd();
});
test.after(() => libvirtd?.stop());
test.before.each(() => {
  for (const copy of ['', ...COPIES]) put(`qemu.d/hostdev-cpuset${copy}`, stubText('/run/hook'));
  putHook('');
});
test.after.each(async () => {
  await libvirtd.virsh(['destroy', 'small']);
  for (const name of ['etc/libvirt/hooks/qemu', 'run/calls', 'run/hook'])
    rmSync(`${libvirtd.directory}/${name}`, { force: true });
});

test('with copies of package managers and editors next to it, the hook runs once', async () => {
  assert.is((await start()).code, 0);
  assert.equal(calls(), START);
  await libvirtd.virsh(['destroy', 'small']);
  assert.equal(calls(), [...START, ...STOP]);
});

test('the single hook of a libvirt before 6.5 works the same way', async () => {
  for (const copy of ['', ...COPIES]) rmSync(`${libvirtd.directory}/etc/libvirt/hooks/qemu.d/hostdev-cpuset${copy}`);
  put('qemu', stubText('/run/hook'));
  assert.is((await start()).code, 0);
  assert.equal(calls(), START);
});

test('a refusal before the start is passed on with its message; in started it fails no domain', async () => {
  putHook('trap - EXIT; [ "$2" != prepare ] || { echo not today >&2; exit 1; }');
  const refusal = await start();
  assert.is(refusal.code, 1);
  assert.match(refusal.stderr, 'not today');
  putHook('[ "$2" != started ] || exit 1');
  assert.is((await start()).code, 0);
  assert.match((await libvirtd.virsh(['domstate', 'small'])).stdout, 'running');
});

test('after a removal domains start, and survive a restart of the daemon', async () => {
  rmSync(`${libvirtd.directory}/run/hook`);
  assert.is((await start()).code, 0);
  await libvirtd.restart();
  putHook('exit 1');
  await libvirtd.restart();
  await until('the hook is called', () => calls().length > 0);
  assert.is(calls()[0], 'reconnect begin');
  assert.match((await libvirtd.virsh(['domstate', 'small'])).stdout, 'running');
});

test.run();

function put(name: string, text: string): void {
  const path = `${libvirtd.directory}/etc/libvirt/hooks/${name}`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** Writes the hook that the stub runs. It records each call in a line. */
function putHook(text: string): void {
  writeFileSync(`${libvirtd.directory}/run/hook`, `#!/bin/sh\necho "$2 $3" >>/run/calls\n${text}\n`, { mode: 0o755 });
}

function calls(): string[] {
  const path = `${libvirtd.directory}/run/calls`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

function start() {
  writeFileSync(`${libvirtd.directory}/run/small.xml`, GUEST);
  return libvirtd.virsh(['create', `${libvirtd.directory}/run/small.xml`]);
}
