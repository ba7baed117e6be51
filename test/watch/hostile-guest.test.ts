import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { A, B, guest, hostdev, hostOf, plainOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const test = suite('a guest that enables and disables MSI-X repeatedly');
/** of the two QEMUs */
const PIDS = [700, 800] as const;
const OTHER = '00000000-0000-4000-8000-000000000002';
const VECTORS = Array.from({ length: 16 }, (_, index) => 41 + index);
/** Assumed CPU time of one file access. */
const ACCESS_MS = 0.03;

/** The guest, which has device A, and a neighbour, which has B. */
function hostOfTwo(traced: boolean) {
  const kernel = hostOf([vfio(A, ...VECTORS), vfio(B, 70)], {
    domains: [
      { name: 'guest', uuid: UUID, pid: PIDS[0], vcpus: [{ vcpu: 0, cpus: '2-3' }] },
      { name: 'neighbour', uuid: OTHER, pid: PIDS[1], vcpus: [{ vcpu: 0, cpus: '4-5' }] },
    ],
  });
  let accesses = 0;
  const files = new SimulatedFs(kernel, () => void accesses++);
  const host = new ReconciledHost(kernel, { files, traced, cpuMs: () => accesses * ACCESS_MS });
  host.add(guest(hostdev(A, 'auto')));
  const head = `<name>neighbour</name><uuid>${OTHER}</uuid><vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='4-5'/></cputune>`;
  host.add(plainOf(`<domain>${head}<devices>${hostdev(B, 'auto')}</devices></domain>`));
  host.pass(120_000);
  return {
    ...{ host, kernel },
    cpuMs: () => accesses * ACCESS_MS,
    affinity: (irq: number) => formatCpuset(kernel.interrupts.get(irq)?.affinity ?? []),
  };
}

/** How the watcher learns of new vectors. */
type Way = 'polling' | 'with trace events' | 'with trace events that name no IRQ';

/** The kernel reports new vectors. */
function report({ host }: ReturnType<typeof hostOfTwo>, way: Way, irqs: readonly number[], pid: number): void {
  if (way === 'with trace events') host.reconciler.markDirty({ irqs });
  else if (way !== 'polling') host.reconciler.vectorsRequested({ threads: [pid], moved: false, at: host.now });
}

/** Disables and enables MSI-X of A repeatedly for `ms`. Events arrive in batches, 50 ms apart. */
function flap(one: ReturnType<typeof hostOfTwo>, way: Way, ms: number, periodMs: number): void {
  for (let at = 0; at < ms; at += periodMs) {
    one.kernel.enableVectors(A, VECTORS);
    if (at % 50 < periodMs) report(one, way, VECTORS, PIDS[0]);
    one.host.pass(periodMs);
  }
}

for (const how of ['polling', 'with trace events', 'with trace events that name no IRQ'] as const) {
  const traced = how !== 'polling';
  for (const perSecond of [100, 1000]) {
    test(`${perSecond} times a second, ${how}: at most 2 % of a core is used, and vectors are placed soon after the end`, () => {
      const one = hostOfTwo(traced);
      // Uses up what a domain may use at once.
      flap(one, how, 240_000, 100);
      const before = one.cpuMs();
      flap(one, how, 30_000, 1000 / perSecond);
      const usedMs = one.cpuMs() - before;
      assert.ok(usedMs <= 0.02 * 30_000, `${usedMs} ms in 30 s`);
      one.host.pass(3000);
      assert.equal(
        VECTORS.map(one.affinity),
        VECTORS.map(() => '2-3'),
      );
    });
  }

  test(`${how}: the neighbour's vectors are placed without additional delay`, () => {
    const one = hostOfTwo(traced);
    flap(one, how, 240_000, 100);
    flap(one, how, 10_000, 10);
    one.kernel.enableVectors(B, [70]);
    report(one, how, [70], PIDS[1]);
    flap(one, how, traced ? 10 : 1000, 10);
    assert.is(one.affinity(70), '4-5');
  });
}

test('an IRQ that was flooded with events and now belongs to the neighbour is placed within 1.5 seconds', () => {
  const one = hostOfTwo(true);
  flap(one, 'with trace events', 240_000, 100);
  flap(one, 'with trace events', 10_000, 10);
  one.kernel.disableVectors(A);
  one.kernel.enableVectors(B, [70, 41]);
  one.host.reconciler.markDirty({ irqs: [41] });
  one.host.pass(1500);
  assert.is(one.affinity(41), '4-5');
});

test('lost events cause at most one poll of each domain per second, which finds the missed changes', () => {
  const one = hostOfTwo(true);
  const lose = (ms: number) => {
    for (let at = 0; at < ms; at++) {
      one.host.reconciler.pollSoon();
      one.host.pass(1);
    }
  };
  let before = one.cpuMs();
  one.host.reconciler.pollSoon();
  one.host.pass(0);
  const pollMs = one.cpuMs() - before;
  assert.ok(pollMs > 0, 'the first one at once');
  before = one.cpuMs();
  lose(10_000);
  const perSecond = (one.cpuMs() - before) / pollMs / 10;
  assert.ok(perSecond < 1.5, `${perSecond} polls a second`);
  one.kernel.enableVectors(A, VECTORS);
  lose(2500);
  assert.equal(
    VECTORS.map(one.affinity),
    VECTORS.map(() => '2-3'),
  );
  assert.equal(changesOf(...one.host.pass(0)), []);
  one.kernel.move(70, parseCpuList('0') ?? []);
  lose(1500);
  assert.is(one.affinity(70), '4-5');
});

test.run();
