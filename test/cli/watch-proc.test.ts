import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressOf, podGuest, podsHost, SCOPES, statusXml } from '../discovery/pods-host.js';
import { SimulatedKernel, writeTree } from '../simulator/index.js';
import { until } from '../support/until.js';
import { Watching } from './watching.js';

const test = suite('watch --discover');
let watching: Watching;
test.before.each(() => {
  watching = new Watching();
  rmSync(watching.root.join('run/libvirt'), { recursive: true });
});
test.after.each(() => watching.remove());

/** The host has a pod with a guest, too, whose policy is this. */
function withPod(cpuset: string): void {
  const pod = podGuest(0, statusXml(`<hostdev address="${addressOf(0)}" cpuset="${cpuset}"/>`));
  const kernel = new SimulatedKernel(podsHost([pod], SCOPES));
  kernel.enableVectors(addressOf(0), [90, 91]);
  writeTree(kernel, watching.root.path);
}
const placed = (cpus: string) =>
  until(`placed on ${cpus}`, () => [90, 91].every((irq) => watching.root.affinity(irq) === cpus));

test('a guest of a pod is found, held while its policy changes, and let go; libvirt is not asked', async () => {
  watching.virsh('echo "virsh was called" >&2; exit 1');
  withPod('auto');
  await watching.start(['--discover', 'proc', '--no-tracing']);
  await placed('2-3');
  withPod('4-7');
  watching.signalWatcher('SIGHUP');
  await placed('4-5');
  rmSync(watching.root.join('proc/5000'), { recursive: true });
  await watching.says('default_vm (pod tenant-a/virt-launcher-vm-x): no longer managed');
  assert.equal(await watching.end('SIGTERM'), { code: 0, signal: null });
  assert.not.match(watching.stderr, /virsh|no QEMU/);
});

test('a guest that starts while the watcher runs; by default both are asked', async () => {
  watching.root.write('etc/hostdev-cpuset/config.json', JSON.stringify(SCOPES));
  await watching.start(['--no-tracing']);
  await watching.says('cannot reach libvirt');
  withPod('auto');
  await placed('2-3');
  assert.equal(await watching.end('SIGTERM'), { code: 0, signal: null });
});

test('a watcher that a hook has started does not look for others', async () => {
  withPod('auto');
  watching.virsh('[ "$1" = list ] && echo; exit 0');
  await watching.start(['--until-idle', '--no-tracing']);
  assert.equal(await watching.end(), { code: 0, signal: null });
  assert.is(watching.root.affinity(90), '0-7');
});

test.run();
