import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const named = suite('reconciler: trace events');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const cpus = (list: string) => parseCpuList(list) ?? [];

/** Paths in `broken` fail with EIO; paths in `hidden` do not exist. */
class Faulty extends SimulatedFs {
  readonly broken = new Set<string>();
  readonly hidden = new Set<string>();

  override read(path: string): string | undefined {
    if (this.broken.has(path)) throw new FileError('EIO', path);
    return this.hidden.has(path) ? undefined : super.read(path);
  }
}

named("a contested vector is not written by the batch of another vector's event", () => {
  const vectors = [[], [`vfio-msix[5](${A})`], [`vfio-msix[7](${A})`]];
  const interrupts = vectors.map((handlers, index) => ({ irq: 50 + index, type: 'msix' as const, handlers }));
  const host = new ReconciledHost(hostOf([{ address: A, driver: 'vfio-pci', interrupts }], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(5000);
  const move = (to: string) => {
    host.kernel.move(51, cpus(to));
    host.reconciler.markDirty({ irqs: [51] });
    return changesOf(host.reconciler.run());
  };
  const moves = Array.from({ length: 31 }, () => [...move('0'), ...changesOf(...host.pass(1000))]);
  assert.match(moves.at(-1)?.[0] ?? '', 'contested 51');
  host.written();
  host.kernel.request(A, 0);
  host.kernel.move(51, cpus('1'));
  host.reconciler.markDirty({ irqs: [50, 51] });
  host.reconciler.run();
  assert.equal(host.written(), ['50=2-3']);
});

named('a full check follows a poll that finds a move after 300 ms, and new vectors after one second', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  const delayAfter = (happening: () => void) => {
    host.pass(60_000);
    happening();
    host.now = host.reconciler.due;
    host.reconciler.run();
    return host.reconciler.due - host.now;
  };
  assert.is(
    delayAfter(() => host.kernel.move(41, cpus('0'))),
    300,
  );
  assert.is(
    delayAfter(() => host.kernel.enableVectors(A, [50])),
    1000,
  );
});

named('if the vCPUs cannot be read, a new vector is left to a full check', () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let isBroken = false;
  const files = new SimulatedFs(kernel, (_, path) => {
    if (isBroken && path.startsWith('/proc/700/')) throw new FileError('EIO', path);
  });
  const host = new ReconciledHost(kernel, { files, traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.written();
  isBroken = true;
  kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  assert.equal(
    host.reconciler.run().problems.map(({ rule }) => rule),
    ['unreadable'],
  );
  assert.equal(host.written(), []);
  isBroken = false;
  host.pass(10_000);
  assert.equal(host.written(), ['50=2-3']);
});

named('the lag of a constantly named vector counts from the time of its turn', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(60_000);
  host.kernel.enableVectors(A, [50]);
  for (let time = 0; time <= 200; time++) host.reconciler.markDirty({ irqs: [50] });
  const runs = host.pass(2000);
  assert.equal(changesOf(...runs), ['placed 50: 0-7 -> 2-3']);
  assert.is(runs.at(-1)?.changed[0]?.lagMs, 0);
});

named('vectors that appear right after a vCPU move get only the new set', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.kernel.enableVectors(A, [50, 51]);
  host.add(guest(hostdev(A, 'auto')));
  host.pass(30_000);
  host.written();
  host.kernel.processes.pin(UUID, 0, '4-5');
  host.kernel.enableVectors(A, [60, 61, 62]);
  host.reconciler.markDirty({ irqs: [60, 61, 62] });
  host.reconciler.run();
  assert.equal(host.written(), ['60=4-5', '61=4-5', '62=4-5']);
});

named("a mask that the kernel shrinks right after the fast path's write is not written again", () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(30_000);
  host.kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.equal(host.written(), ['50=2-3']);
  host.kernel.shrink(50, cpus('2'));
  host.reconciler.markDirty({ irqs: [50] });
  assert.equal(changesOf(...host.pass(30_000)), ['placed 50: 0-7 -> 2']);
  assert.equal(host.written(), []);
});

for (const [order, irqs] of [
  ['after another', [50, 51]],
  ['alone', [51]],
] as const) {
  named(`a phantom that gets a handler, ${order}, is placed at once`, () => {
    const host = new ReconciledHost(hostOf([{ address: A, driver: 'vfio-pci' } as DeviceDescription], RUNNING), {
      traced: true,
    });
    host.kernel.enableVectors(A, [50, 51], 'msix', 1);
    host.add(guest(hostdev(A, '2-3')));
    host.pass(30_000);
    host.written();
    host.kernel.enableVectors(A, irqs);
    host.reconciler.markDirty({ irqs: [51] });
    host.reconciler.run();
    assert.equal(host.written(), ['51=2-3']);
  });
}

named('a vector that could not be placed is written at once after a reset, even with the same mask', () => {
  const kernel = hostOf([vfio(A, 51)], RUNNING);
  const files = new Faulty(kernel);
  const host = new ReconciledHost(kernel, { traced: true, files });
  kernel.failAllWrites(51, 'EINVAL');
  host.add(guest(hostdev(A, '2-3')));
  host.pass(120_000);
  kernel.enableVectors(A, [51]);
  kernel.failAllWrites(51);
  files.hidden.add('/proc/irq/51/smp_affinity');
  host.reconciler.markDirty({ irqs: [51] });
  host.reconciler.run();
  files.hidden.clear();
  host.pass(10);
  assert.equal(host.written(), ['51=2-3']);
});

for (const [naming, until] of [
  ['once', 900],
  ['again and again', 1000],
] as const) {
  named(`a full check waits for a vector that was named ${naming} and has no handler yet`, () => {
    const kernel = hostOf([{ address: A, driver: 'vfio-pci' } as DeviceDescription], RUNNING);
    const host = new ReconciledHost(kernel, { traced: true });
    host.add(guest(hostdev(A, '2-3')));
    host.pass(30_000);
    kernel.enableVectors(A, [60, 61], 'msix', 1);
    host.reconciler.markDirty({ irqs: [60, 61] });
    host.reconciler.run();
    assert.equal(host.written(), ['60=2-3']);
    for (let waited = 100; waited < until; waited += 100) {
      assert.equal(changesOf(...host.pass(100)), [], `after ${waited} ms`);
      if (naming === 'again and again') host.reconciler.markDirty({ irqs: [61] });
    }
    assert.equal(changesOf(...host.pass(100)), ['placed 60: 0-7 -> 2-3']);
  });
}

for (const [what, path] of [
  ['the domain', '/proc/700/task/701/status'],
  ['the device', `/sys/bus/pci/devices/${A}/numa_node`],
] as const) {
  named(`a replaced policy is not used by the fast path while ${what} cannot be read`, () => {
    const kernel = hostOf([{ address: A, driver: 'vfio-pci' } as DeviceDescription], RUNNING);
    const files = new Faulty(kernel);
    const host = new ReconciledHost(kernel, { traced: true, files });
    host.add(guest(hostdev(A, '2-3')));
    host.pass(30_000);
    files.broken.add(path);
    host.add(guest(hostdev(A, '5')));
    host.pass(10);
    kernel.enableVectors(A, [60]);
    host.reconciler.markDirty({ irqs: [60] });
    host.reconciler.run();
    assert.equal(host.written(), []);
    files.broken.clear();
    host.pass(10_000);
    assert.equal(host.written(), ['60=5']);
  });
}

named('QEMU counts as ended when its vCPU threads have, whatever else can be read', () => {
  const kernel = hostOf([{ address: A, driver: 'vfio-pci' } as DeviceDescription], RUNNING);
  const files = new Faulty(kernel);
  const host = new ReconciledHost(kernel, { traced: true, files });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(30_000);
  // A process that was not waited for yet has its own files, an empty command line, and no threads.
  files.hidden.add('/proc/700/task/701/comm').add('/proc/700/task/701/status').add('/proc/700/cmdline');
  kernel.enableVectors(A, [60]);
  host.reconciler.markDirty({ irqs: [60] });
  host.reconciler.run();
  assert.equal(host.written(), []);
});

named.run();
