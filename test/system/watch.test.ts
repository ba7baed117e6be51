import { chmodSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { StateStore } from '../../src/runtime/state-store.js';
import { frontText } from '../hook/installed-front.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { until } from '../support/until.js';
import { installWrapper, isPlaced, POLICY, startGuest, virshWithDevices } from './guest-with-hostdevs.js';
import { CLI, LibvirtdWatcher } from './libvirtd-watcher.js';

const test = suiteWhere(
  'watch with a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
let libvirtd: PrivateLibvirtd;
let root: SimulatedRoot;
let watcher: LibvirtdWatcher;

test.before(async () => {
  libvirtd = await startLibvirtd();
});
test.after(() => libvirtd?.stop());
test.before.each(() => {
  root = new SimulatedRoot(true);
  watcher = new LibvirtdWatcher(libvirtd, root);
  // A hook that starts Node fails here.
  installFront({ cli: '/bin/false', watcher: 'no' });
});
test.after.each(async () => {
  await watcher.end('SIGKILL');
  await libvirtd.virsh(['destroy', 'guest']);
  await libvirtd.virsh(['undefine', 'guest']);
  await until('no watcher', () => !watcher.isWatching());
  root.remove();
});

test('the hook hands calls over without Node, and the end of a guest restores its line', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  assert.is(hookOutput(), '');
  await until('state saved', () => states().length === 1);
  await libvirtd.succeeds('destroy', 'guest');
  await until('no longer managed', () => states().length === 0);
  assert.is(root.affinity(16), '0-7', 'the line is restored');
});

test('a domain that already runs is found, and a change by another program is repaired', async () => {
  await startGuest(libvirtd, root);
  await watcher.start();
  await until('placed', guestIsPlaced);
  root.move(41, 'ff');
  await until('repaired', guestIsPlaced);
});

test('the interrupts follow vcpupin', async () => {
  await startGuest(libvirtd, root);
  await watcher.start('--no-tracing');
  await until('placed', guestIsPlaced);
  await libvirtd.succeeds('vcpupin', 'guest', '0', '0', '--live');
  pinThreads('0-1');
  await until('moved', () => root.affinity(40) === '0-1');
});

test('a change of metadata takes effect at once', async () => {
  await startGuest(libvirtd, root);
  await watcher.start();
  await until('placed', guestIsPlaced);
  const entries = `<hostdevs xmlns="urn:hostdev-cpuset:1">${POLICY.replace('auto', '6-7')}</hostdevs>`;
  await libvirtd.succeeds('metadata', 'guest', 'urn:hostdev-cpuset:1', '--set', entries, '--key', 'h', '--live');
  await until('moved', () => root.affinity(42) === '6-7');
});

test('set --live takes effect through the watcher at once', async () => {
  await startGuest(libvirtd, root);
  await watcher.start();
  await until('placed', guestIsPlaced);
  const env = { ...process.env, PATH: `${virshWithDevices(root)}:${process.env.PATH}` };
  const args = ['set', '-c', libvirtd.uri, 'guest', '06:12.5', '6-7', '--live'];
  const { code, stdout, stderr } = await runCli('hostdev-cpuset', args, { env });
  assert.is(stdout, `Domain 'guest': device 06:12.5 set to cpuset="6-7" in the running domain\n`);
  assert.is(code, 0, stderr);
  await until('moved', () => root.affinity(42) === '6-7');
});

test("after a restart of the daemon libvirt's events are received again", async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  await libvirtd.restart();
  assert.is((await libvirtd.succeeds('domstate', 'guest')).stdout.trim(), 'running');
  await until('connected again', () => watcher.output.includes('libvirt can be reached again'));
  const entries = `<hostdevs xmlns="urn:hostdev-cpuset:1">${POLICY.replace('auto', '6-7')}</hostdevs>`;
  await libvirtd.succeeds('metadata', 'guest', 'urn:hostdev-cpuset:1', '--set', entries, '--key', 'h', '--live');
  await until('moved', () => root.affinity(40) === '6-7');
});

test('after a SIGKILL the next watcher finds the domains, and releases those that ended meanwhile', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  // Masks are written before the state is saved.
  await until('placed and saved', () => guestIsPlaced() && states().length === 1);
  await watcher.end('SIGKILL');
  root.renewVectors();
  await watcher.start();
  await until('placed again', guestIsPlaced);
  await watcher.end('SIGKILL');
  await libvirtd.succeeds('destroy', 'guest');
  assert.is(states().length, 1);
  await watcher.start();
  await until('released', () => states().length === 0);
  assert.is(root.affinity(16), '0-7');
});

test('without a watcher the hook starts one, which ends with the last domain and does not block libvirt', async () => {
  installFront({ cli: cliThatFindsVirsh(), watcher: '' });
  await startGuest(libvirtd, root);
  assert.ok(guestIsPlaced(), "the hook's own pass");
  await until('watching', () => watcher.isWatching());
  root.renewVectors();
  await until('placed again', guestIsPlaced);
  await libvirtd.succeeds('destroy', 'guest');
  await until('ended', () => !watcher.isWatching());
  assert.equal(states(), []);
  assert.is(root.affinity(16), '0-7');
  assert.match(
    hookOutput(),
    /^(hostdev-cpuset: guest: (started: 4 set, 0 kept, 0 skipped, 0 failed|release: restored the affinity of 1 INTx line)\n)+$/,
  );
});

test.run();

interface Front {
  cli: string;
  watcher: string;
}

function installFront(settings: Front): void {
  installWrapper(libvirtd.directory, root, root.write('front', frontText({ ...settings, root: root.path })));
}

/** The front finds `cli` on libvirtd's PATH, where virsh does not add the devices. */
function cliThatFindsVirsh(): string {
  const path = root.write(
    'cli',
    `#!/bin/sh\nPATH='${virshWithDevices(root)}':$PATH exec '${process.execPath}' '${CLI}' "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const guestIsPlaced = () => isPlaced(root);
const hookOutput = () => readFileSync(root.join('stderr'), 'utf8');
const states = () => new StateStore(root.path).list();

/** Pins the vCPU threads of the simulated QEMU. */
function pinThreads(cpus: string): void {
  for (const task of [4001, 4002]) {
    root.write(`proc/4000/task/${task}/status`, `Name:\tCPU 0/KVM\nCpus_allowed_list:\t${cpus}\n`);
  }
}
