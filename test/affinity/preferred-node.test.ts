import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyPlan } from '../../src/affinity/apply-plan.js';
import type { HostDescription } from '../simulator/description.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { changesOf, ReconciledHost } from '../watch/reconciled-host.js';
import { A, guest, hostdev, hostOf, interrupts, outcomes, Simulated, setOf, UUID, vfio } from './simulated-pass.js';

const test = suite("a cpuset across nodes: delivery on the device's node");
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** CPUs 4-7 are on the device's node. */
const NODES = [
  { node: 0, cpus: '0-3' },
  { node: 1, cpus: '4-7' },
];
const host = (irqs: number[], more: Partial<HostDescription> = {}) =>
  hostOf([{ ...vfio(A, ...irqs), numaNode: 1 }], { nodes: NODES, ...more });

test('the CPUs on the node are written first, unless it is delivered there already', () => {
  const kernel = host([41, 42]);
  kernel.writeAffinity(41, '40'); // CPU 6
  kernel.writeAffinity(42, '20'); // CPU 5
  kernel.writes.length = 0;
  const pass = new Simulated(kernel, folder.path);
  const own = guest(hostdev(A, '0-2,5'));
  const { devices } = pass.enforce(own);
  assert.equal(pass.written(), ['41=5', '41=0-2,5', '42=0-2,5']);
  assert.equal(
    devices[0]?.interrupts.map(({ affinity, effective, remote }) => [affinity, effective, remote]),
    [
      ['0-2,5', '5', false],
      ['0-2,5', '5', false],
    ],
  );
  pass.enforce(own);
  assert.equal(pass.written(), [], 'nothing is written again');
});

test('a cpuset without CPUs on the node is written once, as is one on a host that ignores nodes', () => {
  const pass = new Simulated(host([41]), folder.path);
  pass.enforce(guest(hostdev(A, '0-1')));
  assert.equal(pass.written(), ['41=0-1']);
  const any = new Simulated(host([41]), folder.path, { settings: { locality: 'any' } });
  any.enforce(guest(hostdev(A, '0-2,5')));
  assert.equal(any.written(), ['41=0-2,5']);
});

test("if the node's CPUs are out of vectors, the whole cpuset is written all the same", () => {
  const kernel = host([41]);
  kernel.fill(41, setOf('5'));
  const pass = new Simulated(kernel, folder.path);
  const { devices } = pass.enforce(guest(hostdev(A, '0-2,5')));
  assert.equal(pass.written(), ['41=0-2,5']);
  assert.is(devices[0]?.interrupts[0]?.remote, true);
});

test("if the node's CPUs have gone offline meanwhile, the rest of the cpuset is written at once", () => {
  const kernel = host([41]);
  const pass = new Simulated(kernel, folder.path);
  const planned = pass.planned(guest(hostdev(A, '0-2,5')));
  kernel.setOnline(5, false);
  const { applied } = applyPlan(planned, { files: pass.host.files });
  assert.equal(pass.written(), ['41=0-2,5']);
  assert.is(applied.devices[0]?.interrupts[0]?.action, 'set');
});

test('if only the part on the node can be written, the report has it, and the next pass writes the whole', () => {
  for (const code of ['EIO', 'EBUSY', 'ENOSPC']) {
    const kernel = host([41]);
    const pass = new Simulated(kernel, folder.join(code));
    kernel.failNextWrites(41, '', code, code, code, code, code);
    const own = guest(hostdev(A, '0-2,5'));
    const { action, error, affinity, effective } = interrupts(pass.enforce(own)).get(41) ?? {};
    assert.equal([action, error, affinity, effective], ['fail', code, '5', '5']);
    pass.written();
    kernel.failAllWrites(41);
    assert.equal(outcomes(pass.enforce(own)), ['41 set']);
    assert.equal(pass.written(), ['41=0-2,5']);
    assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
  }
});

test('so it is with the rest of a cpuset, for a vector whose own CPU has no room', () => {
  const kernel = host([41, 42]);
  kernel.fill(41, setOf('0'));
  kernel.failNextWrites(41, '', '', 'EPERM');
  const pass = new Simulated(kernel, folder.path);
  const own = guest(hostdev(A, '0-2,5', { spread: 'yes' }));
  const { action, affinity } = interrupts(pass.enforce(own)).get(41) ?? {};
  assert.equal([action, affinity], ['fail', '5']);
  assert.equal(pass.written(), ['41=5', '42=1']);
});

const DOMAINS = [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }];
for (const traced of [true, false]) {
  test(`new vectors stay on the node: ${traced ? 'the fast path' : 'a poll'}`, () => {
    const kernel = host([], { domains: DOMAINS });
    const watched = new ReconciledHost(kernel, { traced });
    watched.add(guest(hostdev(A, '0-2,5')));
    const irqs = [50, 51, 52, 53, 54];
    kernel.enableVectors(A, irqs);
    if (traced) {
      watched.reconciler.markDirty({ irqs });
      watched.reconciler.run();
    } else watched.pass(5000);
    for (const irq of irqs) {
      const { affinity, effective } = kernel.interrupts.get(irq) ?? {};
      assert.equal([affinity, effective], [setOf('0-2,5'), setOf('5')], `IRQ ${irq}`);
    }
    watched.written();
    watched.pass(60_000);
    assert.equal(watched.written(), [], 'nothing is written again');
  });
}

for (const traced of [true, false]) {
  test(`the mask before a write of which only a part succeeded is reported: ${traced ? 'fast path' : 'poll'}`, () => {
    const kernel = host([], { domains: DOMAINS });
    const watched = new ReconciledHost(kernel, { traced });
    watched.add(guest(hostdev(A, '0-2,5')));
    kernel.enableVectors(A, [50]);
    kernel.move(50, setOf('6-7'));
    kernel.failNextWrites(50, '', 'EBUSY', 'EBUSY');
    if (traced) watched.reconciler.markDirty({ irqs: [50] });
    const runs = [watched.reconciler.run(), ...watched.pass(10_000)];
    assert.equal(changesOf(...runs), ['placed 50: 6-7 -> 0-2,5']);
  });
}

test.run();
