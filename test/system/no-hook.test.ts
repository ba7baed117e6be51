import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { StateStore } from '../../src/runtime/state-store.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { run } from '../support/run.js';
import { until } from '../support/until.js';
import { isPlaced, POLICY, startGuest } from './guest-with-hostdevs.js';
import { insideOf, LibvirtdWatcher } from './libvirtd-watcher.js';

const test = suiteWhere(
  'watcher without a hook, with a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
const HOOKS = '/etc/libvirt/hooks';
const HOOK = `${HOOKS}/qemu.d/hostdev-cpuset`;
/**
 * Runs a program with its own /etc, in which only /etc/libvirt is libvirtd's: everything else there is the machine's.
 */
const OWN_ETC = `set -e
mkdir -p /run/libvirt-etc
mount --rbind /etc/libvirt /run/libvirt-etc
mount -t tmpfs -o mode=755 etc /etc
mkdir /etc/libvirt
mount --rbind /run/libvirt-etc /etc/libvirt
exec "$@"
`;
let libvirtd: PrivateLibvirtd;
let root: SimulatedRoot;
let watcher: LibvirtdWatcher;

test.before(async () => {
  libvirtd = await startLibvirtd();
  // libvirtd reads the directories of hooks when it starts.
  rmSync(`${libvirtd.directory}${HOOKS}/qemu.d`, { recursive: true });
  await libvirtd.restart();
});
test.after(() => libvirtd?.stop());
test.before.each(() => {
  root = new SimulatedRoot(true);
  watcher = new LibvirtdWatcher(libvirtd, root);
  handlerOfLine('vfio-intx(0000:07:00.0)');
});
test.after.each(async () => {
  await watcher.end('SIGKILL');
  await libvirtd.virsh(['destroy', 'guest']);
  await libvirtd.virsh(['undefine', 'guest']);
  root.remove();
});

test('a guest that starts is placed; after its end its line is restored, and its state deleted', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  await until('state saved', () => states().length === 1);
  handlerOfLine('');
  await libvirtd.succeeds('destroy', 'guest');
  await until('no state', () => states().length === 0);
  assert.is(root.affinity(16), '0-7');
  await until('the list for irqbalance is empty', () => listedDevices() === '');
});

test('the same applies without trace events', async () => {
  await watcher.start('--no-tracing');
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  handlerOfLine('');
  await libvirtd.succeeds('destroy', 'guest');
  await until('no state', () => states().length === 0);
  assert.is(root.affinity(16), '0-7');
});

test('a guest whose QEMU is killed is released, too', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed and saved', () => guestIsPlaced() && states().length === 1);
  handlerOfLine('');
  const pid = readFileSync(`${libvirtd.directory}/run/libvirt/qemu/guest.pid`, 'utf8').trim();
  await succeedsInside('kill', '-9', pid);
  await until('no state', () => states().length === 0);
  assert.is(root.affinity(16), '0-7');
});

test('new vectors after a reset of the guest are placed', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  await libvirtd.succeeds('reset', 'guest');
  root.renewVectors();
  await until('placed again', guestIsPlaced);
});

test('after a restart of libvirtd the guest is still managed, and a change of its metadata takes effect', async () => {
  await watcher.start();
  await startGuest(libvirtd, root);
  await until('placed', guestIsPlaced);
  await libvirtd.restart();
  assert.is((await libvirtd.succeeds('domstate', 'guest')).stdout.trim(), 'running');
  root.renewVectors();
  await until('placed again', guestIsPlaced);
  await until('connected again', () => watcher.output.includes('libvirt can be reached again'));
  const entries = `<hostdevs xmlns="urn:hostdev-cpuset:1">${POLICY.replace('auto', '6-7')}</hostdevs>`;
  await libvirtd.succeeds('metadata', 'guest', 'urn:hostdev-cpuset:1', '--set', entries, '--key', 'h', '--live');
  await until('moved', () => root.affinity(40) === '6-7');
});

test('domains that started or ended while no watcher ran are found by the next one', async () => {
  await startGuest(libvirtd, root);
  await watcher.start();
  await until('placed and saved', () => guestIsPlaced() && states().length === 1);
  await watcher.end('SIGKILL');
  handlerOfLine('');
  await libvirtd.succeeds('destroy', 'guest');
  assert.is(states().length, 1, 'not released yet');
  assert.is(root.affinity(16), '4-5');
  await watcher.start();
  await until('no state', () => states().length === 0);
  assert.is(root.affinity(16), '0-7');
});

test('a hook on a noexec mount prevents every start until install removes it', async () => {
  await succeedsInside('sh', '-c', `mkdir -p ${HOOKS} && mount -t tmpfs -o mode=755 hooks ${HOOKS}`);
  try {
    // In places that a service sees.
    const names = ['dist', 'hook', 'service', 'rng', 'package.json'].map((name) => `${projectRoot}${name}`);
    const copy =
      'mkdir /run/package && cp -r "$@" /run/package && chown -R 0:0 /run/package && chmod -R go-w /run/package';
    await succeedsInside(
      'sh',
      '-c',
      `${copy} && touch /run/node && mount --bind '${process.execPath}' /run/node`,
      'sh',
      ...names,
    );
    const words = [
      '/run/node',
      '/run/package/dist/bin/hostdev-cpuset.cjs',
      'install',
      '--no-service',
      '--no-irqbalance',
    ];
    const install = () => succeedsInside('unshare', '--mount', 'sh', '-c', OWN_ETC, 'sh', ...words);
    assert.match((await install()).stdout, `created     ${HOOK}\n`);
    assert.ok(existsSync(`${libvirtd.directory}${HOOK}`));
    await libvirtd.restart();
    await startGuest(libvirtd, root);
    await libvirtd.succeeds('destroy', 'guest');

    await succeedsInside('mount', '-o', 'remount,noexec', HOOKS);
    const { code, stderr } = await libvirtd.virsh(['start', 'guest']);
    assert.is(code, 1, 'the start fails');
    assert.match(stderr, /Hook script execution failed.* exit status 126/s);

    const { stdout } = await install();
    assert.match(stdout, `removed     ${HOOK}\nleft out    ${HOOK}: libvirt could not run it: ${HOOKS}/qemu.d is on`);
    assert.not(existsSync(`${libvirtd.directory}${HOOK}`));
    await watcher.start();
    await libvirtd.succeeds('start', 'guest');
    await until('placed', guestIsPlaced);
  } finally {
    await succeedsInside('umount', HOOKS);
  }
});

test.run();

async function succeedsInside(...words: string[]) {
  const outcome = await run('nsenter', [...insideOf(libvirtd), ...words]);
  assert.is(outcome.code, 0, outcome.stderr);
  return outcome;
}

const guestIsPlaced = () => isPlaced(root);
const states = () => new StateStore(root.path).list();
/** The devices in the list for irqbalance. */
function listedDevices(): string {
  const path = root.join('run/hostdev-cpuset/devices');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}

const handlerOfLine = (name: string) => writeFileSync(root.join('sys/kernel/irq/16/actions'), `${name}\n`);
