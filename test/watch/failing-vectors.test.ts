import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { Reconciler } from '../../src/watch/reconciler.js';
import { hostdev, plainOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { MemoryStates } from './reconciled-host.js';

const failing = suite('many vectors that cannot be written');
const OTHER = '0d6a7c11-3f0e-4f57-9d0b-5d3a4a1f2e02';
const NEW = 100;
/** File operations per tried vector: read, verify, write, compare later. */
const OPERATIONS = 12;
/** Fixed cost of a run: topology, processes, devices. */
const FIXED_OPERATIONS = 300;

const address = (index: number) => `0000:${(0x10 + index).toString(16)}:00.0`;
const definition = (name: string, uuid: string, ...addresses: string[]) => {
  const head = `<name>${name}</name><uuid>${uuid}</uuid><vcpu cpuset='2-3'>1</vcpu>`;
  const devices = addresses.map((one) => hostdev(one, '2-3')).join('');
  return plainOf(`<domain type='kvm'>${head}<devices>${devices}</devices></domain>`);
};

/** A domain whose vectors all fail, and another domain. The reconciler runs when it is due. */
class Host {
  now = 1_000_000;
  operations = 0;
  readonly runs: number[] = [];
  readonly kernel: SimulatedKernel;
  readonly reconciler: Reconciler;
  readonly reported: string[] = [];

  constructor(
    readonly deviceCount: number,
    readonly vectorsPerDevice: number,
  ) {
    const devices = Array.from({ length: deviceCount }, (_, index) =>
      vfio(address(index), ...Array.from({ length: vectorsPerDevice }, (_, vector) => this.irq(index, vector))),
    );
    const vcpus = [{ vcpu: 0, cpus: '2-3' }];
    this.kernel = new SimulatedKernel({
      cpus: { present: '0-7' },
      vectorsPerCpu: 1_000_000,
      devices: [...devices, vfio('0000:07:00.0')],
      domains: [
        { name: 'guest', uuid: UUID, pid: 700, vcpus },
        { name: 'other', uuid: OTHER, pid: 800, vcpus },
      ],
    });
    const files = new SimulatedFs(this.kernel, () => this.operations++);
    const clock = { now: () => this.now };
    this.reconciler = new Reconciler({ files, state: new MemoryStates(), clock }, DEFAULT_SETTINGS);
    this.reconciler.setTraced(true);
    this.reconciler.add(definition('other', OTHER, '0000:07:00.0'));
    this.reconciler.add(definition('guest', UUID, ...devices.map((device) => device.address)));
  }

  irq(device: number, vector: number): number {
    return 1000 + device * this.vectorsPerDevice + vector;
  }

  get irqs(): number[] {
    return Array.from({ length: this.deviceCount * this.vectorsPerDevice }, (_, index) => 1000 + index);
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.reconciler.due <= end) {
      this.now = Math.max(this.now, this.reconciler.due);
      const before = this.operations;
      for (const { irq, kind } of this.reconciler.run().changed) this.reported.push(`${kind} ${irq}`);
      this.runs.push(this.operations - before);
    }
    this.now = end;
  }

  /** Gives the other domain a new vector, and returns after how many ms it is placed. */
  placeOther(): number {
    this.kernel.enableVectors('0000:07:00.0', [NEW]);
    this.reconciler.markDirty({ irqs: [NEW] });
    for (let waited = 0; ; waited++) {
      this.pass(1);
      if (this.kernel.writes.splice(0).some(({ irq }) => irq === NEW)) return waited;
      if (waited > 10_000) return Number.POSITIVE_INFINITY;
    }
  }
}

for (const [devices, each, seconds] of [
  [1, 256, 150],
  [60, 50, 15],
] as const) {
  const total = devices * each;
  failing(`${total} vectors at EBUSY: runs are bounded and rare, and other domains are served in between`, () => {
    const host = new Host(devices, each);
    for (const irq of host.irqs) host.kernel.failAllWrites(irq, 'EBUSY');
    host.pass(1000);
    assert.is(host.reported.length, total, 'each is reported once');
    assert.equal(new Set(host.reported.map((text) => text.split(' ')[0])), new Set(['failed']));
    assert.ok(host.placeOther() <= 10);
    host.pass(seconds * 1000);
    assert.ok(host.placeOther() <= 10);
    assert.is(host.reported.filter((text) => text.startsWith('failed')).length, total);
    const most = Math.max(...host.runs);
    assert.ok(most <= OPERATIONS * total + FIXED_OPERATIONS, `a run took ${most} file operations`);
    const retries = 6 + seconds / 10;
    const all = host.runs.reduce((sum, one) => sum + one, 0);
    // In addition to retries: a full check, and polls.
    assert.ok(all <= (retries + 10) * OPERATIONS * total, `${all} file operations in all`);
    for (const irq of host.irqs) host.kernel.failAllWrites(irq);
    host.pass(10_000);
    assert.is(
      host.reported.filter((text) => text.startsWith('placed')).length,
      total + 2,
      'and all are placed, beside the two of the other',
    );
  });
}

failing('vectors that began to fail at different times are retried together', () => {
  const host = new Host(1, 256);
  host.pass(1000);
  for (const irq of host.irqs) {
    host.kernel.failAllWrites(irq, 'EBUSY');
    host.kernel.failAllWrites(irq);
    host.kernel.move(irq, [{ first: 0, last: 0 }]);
    host.kernel.failAllWrites(irq, 'EBUSY');
    host.reconciler.markDirty({ irqs: [irq] });
    host.pass(40);
  }
  host.pass(10_000);
  const before = host.runs.length;
  host.pass(60_000);
  const retries = host.runs.slice(before).filter((operations) => operations > 256 * 3).length;
  assert.ok(retries <= 45, `${retries} passes in a minute`);
});

failing.run();
