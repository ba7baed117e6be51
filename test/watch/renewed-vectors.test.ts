import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReconcileResult } from '../../src/watch/reconciler.js';
import { A, AfterWrite, guest, hostdev, hostOf, setOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { HeldHost, told } from './reconciled-host.js';

const vectors = suite('a vector that comes back under its number');
const RUNNING = { domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }] };
const own = guest(hostdev(A, 'auto'));
const HOUR = 3_600_000;

/** Its vectors 41 and 42 are placed, and all is quiet. */
function placed(traced: boolean, files?: (kernel: SimulatedKernel) => SimulatedFs): HeldHost {
  const kernel = hostOf([vfio(A, 41, 42)], RUNNING);
  const host = new HeldHost(kernel, { traced, ...(files ? { files: files(kernel) } : {}) });
  host.add(own);
  host.pass(HOUR);
  host.written();
  return host;
}

/** Both vectors are freed, and come back with these masks. */
function renew({ kernel }: HeldHost, ...masks: [string, string]): void {
  kernel.enableVectors(A, [41, 42]);
  masks.forEach((mask, index) => {
    kernel.move(41 + index, setOf(mask));
  });
}

const endedOf = (runs: readonly ReconcileResult[]) =>
  runs.flatMap(({ ended }) => ended.map(({ address, irq }) => `${address} ${irq}`));

/** A kernel of which no descriptor is kept, as beyond the limit of open files. */
class NothingKept extends SimulatedFs {
  override openToWrite(path: string) {
    const { write } = super.openToWrite(path);
    return { read: () => this.read(path), write, isKept: false, close: () => {} };
  }
}

for (const traced of [true, false]) {
  const mode = traced ? 'with trace events' : 'polling';

  vectors(`${mode}: is written, though its mask is within the set; what has the set itself is not`, () => {
    const host = placed(traced);
    renew(host, '3', '2-3');
    const runs = host.pass(120_000);
    assert.equal(host.written(), ['41=2-3']);
    assert.equal(told(...runs), ['placed 41: 3 -> 2-3']);
    assert.equal(endedOf(runs), [`${A} 41`, `${A} 42`]);
    assert.equal(told(...host.pass(HOUR)), []);
  });

  vectors(`${mode}: one that came back with the set itself was not written: a mask that shrinks then is`, () => {
    const host = placed(traced);
    renew(host, '2-3', '2-3');
    host.pass(HOUR);
    host.kernel.shrink(41, setOf('3'));
    host.pass(HOUR);
    assert.equal(host.written(), ['41=2-3']);
  });

  vectors(`${mode}: a mask that the kernel shrinks is not fought, and not by the next watcher either`, () => {
    const host = placed(traced);
    host.kernel.shrink(41, setOf('3'));
    host.pass(HOUR);
    const next = new HeldHost(host.kernel, { traced, state: host.state });
    next.add(own);
    next.pass(HOUR);
    assert.equal(host.written(), []);
  });

  vectors(`${mode}: nobody watched while it came back: the next watcher writes it`, () => {
    const host = placed(traced);
    renew(host, '3', '2');
    const next = new HeldHost(host.kernel, { traced, state: host.state });
    assert.equal(told(next.add(own)), ['placed 41: 3 -> 2-3', 'placed 42: 2 -> 2-3']);
  });

  vectors(`${mode}: where no descriptor is kept a shrunk mask is written once, as it may be another vector's`, () => {
    const host = placed(traced, (kernel) => new NothingKept(kernel));
    renew(host, '3', '2-3');
    host.pass(HOUR);
    host.kernel.shrink(42, setOf('2'));
    host.pass(HOUR);
    assert.equal(host.written(), ['41=2-3', '42=2-3']);
  });

  vectors(`${mode}: where its predecessor was delivered until it occurs says nothing of it`, () => {
    const deferred = { irq: 41, type: 'msix' as const, deferred: true, effective: '0' };
    const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [deferred] }], RUNNING);
    const host = new HeldHost(kernel, { traced });
    host.add(own);
    host.pass(1000);
    assert.is(Object.keys(host.state.read(UUID)?.pending ?? {}).length, 1);
    kernel.enableVectors(A, [41]);
    kernel.move(41, setOf('2-3'));
    Object.assign(kernel.interrupts.get(41) ?? {}, { effective: setOf('0') });
    const failed = host.pass(120_000).flatMap(({ changed }) => changed.map(({ kind, reason }) => [kind, reason?.code]));
    assert.equal(failed, [['failed', 'not-moved']]);
  });
}

vectors('is written when a trace event names it, without a poll', () => {
  const host = placed(true);
  renew(host, '3', '2-3');
  host.hold.markDirty({ irqs: [41, 42] });
  host.pass(1000);
  assert.equal(host.written(), ['41=2-3']);
});

vectors('is seen by a check that another vector of its device leads to', () => {
  const host = placed(true);
  host.kernel.failAllWrites(42, 'ENOSPC');
  host.kernel.move(42, setOf('0'));
  host.hold.markDirty({ irqs: [42] });
  host.pass(400);
  renew(host, '3', '0');
  host.pass(1500);
  assert.equal(host.written(), ['41=2-3', '42=2-3']);
});

vectors('a vector whose state could not be saved is written again', () => {
  const host = placed(false);
  const { write } = host.state;
  host.state.write = () => {
    throw new Error('no space');
  };
  renew(host, '2-3', '2-3');
  host.pass(HOUR);
  host.state.write = write;
  host.kernel.shrink(41, setOf('3'));
  host.pass(HOUR);
  assert.equal(host.written(), ['41=2-3']);
});

for (const traced of [true, false]) {
  vectors(
    `${traced ? 'with trace events' : 'polling'}: one that comes right after the write to its predecessor is written`,
    () => {
      const kernel = hostOf([vfio(A)], { ...RUNNING, defaultAffinity: '3' });
      const renewing = new AfterWrite(kernel, () => kernel.enableVectors(A, [41]));
      kernel.enableVectors(A, [41]);
      const host = new HeldHost(kernel, { traced, files: renewing });
      host.add(own);
      assert.equal(host.written(), ['41=2-3']);
      host.pass(30_000);
      assert.equal(host.written(), ['41=2-3']);
      host.pass(HOUR);
      assert.equal(host.written(), []);
    },
  );
}

vectors.run();
