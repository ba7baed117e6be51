import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import { A, B, guest, hostdev, hostOf, setOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { ReconciledHost } from './reconciled-host.js';

const test = suite('counts of interrupts delivered outside the wanted set');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
/** The delivery check's interval. */
const DELIVERY_MS = 180_000;

/** A guest with the devices A and B, whose vectors are on CPU 0 until somebody moves them. */
function hostWith(irqs: number[], onRead: (path: string) => void = () => {}): ReconciledHost {
  const kernel = hostOf([vfio(A, ...irqs), vfio(B)], RUNNING);
  const host = new ReconciledHost(kernel, { traced: true, files: new SimulatedFs(kernel, (_, path) => onRead(path)) });
  host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  return host;
}

const straysOf = ({ reconciler }: ReconciledHost) => reconciler.strays.map(({ count }) => count);

function enable(host: ReconciledHost, irqs: number[]): void {
  host.kernel.enableVectors(A, irqs);
  for (const irq of irqs) host.kernel.occur(irq, 7);
  host.reconciler.markDirty({ irqs });
}

test('every device of a domain has its count', () => {
  assert.equal(hostWith([]).reconciler.strays, [
    { domain: 'guest', address: A, count: 0 },
    { domain: 'guest', address: B, count: 0 },
  ]);
});

test('from the appearance of a vector to our write; not what comes after it', () => {
  const host = hostWith([]);
  host.pass(60_000);
  enable(host, [50, 51]);
  host.pass(2000);
  assert.equal(straysOf(host), [14, 0]);
  host.kernel.occur(50, 1000);
  host.pass(DELIVERY_MS);
  assert.equal(straysOf(host), [14, 0]);
});

test('what there was before the watcher is not counted', () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  kernel.occur(41, 500);
  const host = new ReconciledHost(kernel);
  host.add(guest(hostdev(A, 'auto')));
  host.pass(DELIVERY_MS);
  assert.equal(straysOf(host), [0]);
});

test('while somebody has moved it, until it is repaired', () => {
  const host = hostWith([41]);
  host.pass(60_000);
  host.kernel.move(41, setOf('5'));
  host.kernel.occur(41, 30);
  host.pass(20_000);
  assert.equal(straysOf(host), [30, 0]);
});

test('delivered outside its mask, which the kernel does where it is out of vectors', () => {
  const host = hostWith([41]);
  host.pass(60_000);
  const interrupt = host.kernel.interrupts.get(41);
  assert.ok(interrupt);
  interrupt.effective = setOf('6');
  host.kernel.occur(41, 3);
  host.pass(DELIVERY_MS);
  assert.equal(straysOf(host), [3, 0]);
});

test('a vector that went and came back under its number begins anew', () => {
  const host = hostWith([]);
  host.pass(60_000);
  for (const [round, total] of [7, 14, 21].entries()) {
    enable(host, [50]);
    host.pass(2000);
    assert.equal(straysOf(host), [total, 0], `round ${round}`);
    host.kernel.disableVectors(A);
    // this time the watcher sees that it is away
    if (round === 1) host.pass(60_000);
  }
});

test('polls read no counts, and checks one file an interrupt', () => {
  const read: string[] = [];
  const host = hostWith([41, 42], (path) => {
    if (/per_cpu_count$|^\/proc\/interrupts/.test(path)) read.push(path);
  });
  host.pass(DELIVERY_MS - 10_000);
  const once = [41, 42].map((irq) => `/sys/kernel/irq/${irq}/per_cpu_count`);
  assert.equal(read.splice(0), once, 'the first full check');
  host.pass(20_000);
  assert.equal(read, once, 'the delivery check');
});

test('counts that cannot be read keep nothing from being placed', () => {
  const host = hostWith([], (path) => {
    if (path.endsWith('per_cpu_count')) throw new FileError('EACCES', path);
  });
  host.pass(60_000);
  enable(host, [50]);
  const runs = host.pass(DELIVERY_MS);
  assert.equal(host.written(), ['50=2-3']);
  assert.equal(
    runs.flatMap(({ problems }) => problems),
    [],
  );
  assert.equal(straysOf(host), [0, 0]);
});

test.run();
