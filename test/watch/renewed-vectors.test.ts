import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReconcileResult } from '../../src/watch/reconciler.js';
import { A, AfterWrite, guest, hostdev, hostOf, setOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const vectors = suite('renewed vectors: a new vector under the same IRQ');
const RUNNING = { domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }] };
const own = guest(hostdev(A, 'auto'));
const HOUR = 3_600_000;

/** Vectors 41 and 42 are placed, and no check is due soon. */
function placed(traced: boolean, files?: (kernel: SimulatedKernel) => SimulatedFs): ReconciledHost {
  const kernel = hostOf([vfio(A, 41, 42)], RUNNING);
  const host = new ReconciledHost(kernel, { traced, ...(files ? { files: files(kernel) } : {}) });
  host.add(own);
  host.pass(HOUR);
  host.written();
  return host;
}

/** Frees both vectors, and creates them again with these masks. */
function renew({ kernel }: ReconciledHost, ...masks: [string, string]): void {
  kernel.enableVectors(A, [41, 42]);
  masks.forEach((mask, index) => {
    kernel.move(41 + index, setOf(mask));
  });
}

const endedOf = (runs: readonly ReconcileResult[]) =>
  runs.flatMap(({ ended }) => ended.map(({ address, irq }) => `${address} ${irq}`));

/** A file system that keeps no descriptor open, as beyond the limit of open files. */
class NothingKept extends SimulatedFs {
  override openToWrite(path: string) {
    const { write } = super.openToWrite(path);
    return { read: () => this.read(path), write, isKept: false, close: () => {} };
  }
}

for (const traced of [true, false]) {
  const mode = traced ? 'with trace events' : 'polling';

  vectors(`${mode}: written if its mask is only a subset of the set, but not if it equals the set`, () => {
    const host = placed(traced);
    renew(host, '3', '2-3');
    const runs = host.pass(120_000);
    assert.equal(host.written(), ['41=2-3']);
    assert.equal(changesOf(...runs), ['placed 41: 3 -> 2-3']);
    assert.equal(endedOf(runs), [`${A} 41`, `${A} 42`]);
    assert.equal(changesOf(...host.pass(HOUR)), []);
  });

  vectors(`${mode}: one that came back with its set and is shrunk later is written`, () => {
    const host = placed(traced);
    renew(host, '2-3', '2-3');
    host.pass(HOUR);
    host.kernel.shrink(41, setOf('3'));
    host.pass(HOUR);
    assert.equal(host.written(), ['41=2-3']);
  });

  vectors(`${mode}: a mask that the kernel shrinks is not written again, nor by the next watcher`, () => {
    const host = placed(traced);
    host.kernel.shrink(41, setOf('3'));
    host.pass(HOUR);
    const next = new ReconciledHost(host.kernel, { traced, state: host.state });
    next.add(own);
    next.pass(HOUR);
    assert.equal(host.written(), []);
  });

  vectors(`${mode}: one that was renewed while no watcher ran is written by the next watcher`, () => {
    const host = placed(traced);
    renew(host, '3', '2');
    const next = new ReconciledHost(host.kernel, { traced, state: host.state });
    assert.equal(changesOf(next.add(own)), ['placed 41: 3 -> 2-3', 'placed 42: 2 -> 2-3']);
  });

  vectors(`${mode}: if no descriptor is kept, a shrunk mask is written once, as it may be a new vector`, () => {
    const host = placed(traced, (kernel) => new NothingKept(kernel));
    renew(host, '3', '2-3');
    host.pass(HOUR);
    host.kernel.shrink(42, setOf('2'));
    host.pass(HOUR);
    assert.equal(host.written(), ['41=2-3', '42=2-3']);
  });

  vectors(`${mode}: a pending delivery of the previous vector does not apply to the new one`, () => {
    const deferred = { irq: 41, type: 'msix' as const, deferred: true, effective: '0' };
    const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [deferred] }], RUNNING);
    const host = new ReconciledHost(kernel, { traced });
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

vectors('a trace event for it causes a write without a poll', () => {
  const host = placed(true);
  renew(host, '3', '2-3');
  host.reconciler.markDirty({ irqs: [41, 42] });
  host.pass(1000);
  assert.equal(host.written(), ['41=2-3']);
});

vectors('it is found by a check that another vector of the device causes', () => {
  const host = placed(true);
  host.kernel.failAllWrites(42, 'ENOSPC');
  host.kernel.move(42, setOf('0'));
  host.reconciler.markDirty({ irqs: [42] });
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
  vectors(`${traced ? 'with trace events' : 'polling'}: one renewed right after the write is written again`, () => {
    const kernel = hostOf([vfio(A)], { ...RUNNING, defaultAffinity: '3' });
    const renewing = new AfterWrite(kernel, () => kernel.enableVectors(A, [41]));
    kernel.enableVectors(A, [41]);
    const host = new ReconciledHost(kernel, { traced, files: renewing });
    host.add(own);
    assert.equal(host.written(), ['41=2-3']);
    host.pass(30_000);
    assert.equal(host.written(), ['41=2-3']);
    host.pass(HOUR);
    assert.equal(host.written(), []);
  });
}

vectors.run();
