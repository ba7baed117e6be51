import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { Reconciler } from '../../src/watch/reconciler.js';
import { A, B, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, MemoryStates, ReconciledHost } from './reconciled-host.js';

const test = suite('reconciler');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const cpus = (list: string) => parseCpuList(list) ?? [];

test('without domains nothing is due', () => {
  const { reconciler } = new ReconciledHost(hostOf([]));
  reconciler.markDirty({ irqs: [41] });
  assert.is(reconciler.due, Number.POSITIVE_INFINITY);
});

test('unknown events are counted, and so are domains without a UUID', () => {
  const { reconciler } = new ReconciledHost(hostOf([]));
  for (const name of ['one', 'two']) reconciler.add({ ...guest(''), name, uuid: undefined });
  reconciler.countUnknownEvent();
  const { domains, unknownEvents } = reconciler.counters;
  assert.equal({ domains, unknownEvents }, { domains: 2, unknownEvents: 1 });
});

test('a check reads only the files that it needs', () => {
  const kernel = hostOf([vfio(A, 41), vfio(B, 42)], RUNNING);
  const paths: string[] = [];
  let passes = 0;
  const host = new ReconciledHost(kernel, {
    files: new SimulatedFs(kernel, (_, path) => void paths.push(path)),
    exclusively: (_, action) => {
      passes++;
      return { result: action() };
    },
  });
  const own = guest(hostdev(A, '2') + hostdev(B, '4'));
  assert.is(host.add(own).checked, 2);
  host.pass(120_000);
  assert.not.ok(paths.some((path) => /^\/proc\/interrupts/.test(path)));
  [passes, paths.length] = [0, 0];
  host.pass(10_000);
  assert.is(passes, 0, 'a poll that finds nothing makes no pass');
  const statusReads = paths.filter((path) => path.endsWith('/status')).length;
  assert.is(statusReads, 2, 'no policy follows the vCPUs: they are read with the list of threads, every five seconds');
  paths.length = 0;
  host.reconciler.run();
  assert.equal(paths, [], 'nothing is due');
  kernel.move(41, cpus('0'));
  host.now = host.reconciler.due;
  host.reconciler.run();
  assert.is(passes, 1);
  assert.equal(
    paths.filter((path) => path.endsWith(`${B}/driver`) || path.includes('/irq/42/')),
    ['/proc/irq/42/smp_affinity'],
  );
  const nameReads = () => paths.filter((path) => /^\/proc\/700\/task\/.*\/comm$/.test(path)).length;
  assert.is(nameReads(), 0);
  paths.length = 0;
  host.add(own);
  assert.ok(nameReads() > 0, 'a full check reads the names of its threads');
  assert.equal(
    paths.filter((path) => path.startsWith('/run/libvirt/')),
    [],
    'its QEMU is known',
  );
});

test('polls are scheduled from the start of a run, and the interval without events is capped', () => {
  let now = 0;
  const clock = { now: () => now++ / 1000 };
  const files = new SimulatedFs(hostOf([vfio(A, 41)], RUNNING));
  const reconciler = new Reconciler({ files, state: new MemoryStates(), clock }, DEFAULT_SETTINGS);
  reconciler.add(guest(hostdev(A, 'auto')));
  assert.is(reconciler.run().writes, 1);
  now = 5_000_000;
  reconciler.run();
  assert.is(Math.round(reconciler.due), 5100);
});

test('errors not caused by the host are thrown', () => {
  for (const broken of [/^\/sys\/devices\/system\/cpu\/online$/, /^\/proc\/700\//]) {
    let isBroken = false;
    const kernel = hostOf([vfio(A, 41)], RUNNING);
    const files = new SimulatedFs(kernel, (_, path) => {
      if (isBroken && broken.test(path)) throw new RangeError('a bug');
    });
    const host = new ReconciledHost(kernel, { files, traced: true });
    host.add(guest(hostdev(A, 'auto')));
    host.pass(60_000);
    isBroken = true;
    kernel.enableVectors(A, [50]);
    host.reconciler.markDirty({ irqs: [50] });
    assert.throws(() => host.reconciler.run(), 'a bug');
    isBroken = false;
    kernel.processes.pin(UUID, 0, '5');
    host.reconciler.markDirty();
    isBroken = true;
    assert.throws(() => host.reconciler.run(), 'a bug');
  }
});

test('a domain that used up its CPU time is checked later, and its events are dropped', () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let usedMs = 0;
  let costMs = 0;
  const files = new SimulatedFs(kernel, (_, path) => {
    if (!path.includes(A)) return;
    usedMs += costMs;
    costMs = 0;
  });
  const host = new ReconciledHost(kernel, { files, traced: true, cpuMs: () => usedMs });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(60_000);
  host.written();
  costMs = 10_100;
  host.reconciler.markDirty({ uuid: UUID });
  host.reconciler.run();
  costMs = 0;
  kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.equal(host.written(), []);
  assert.is(host.reconciler.due - host.now, 10_100, 'when CPU time is available again');
  host.now += 1500;
  host.add({ ...guest(''), name: 'other', uuid: undefined });
  assert.equal(host.written(), [], 'not when another domain is checked either');
  host.pass(8599);
  assert.equal(host.written(), []);
  host.pass(1);
  assert.equal(host.written(), ['50=2-3']);
});

test('two domains are checked independently, and a new vector with a trace event needs no pass', () => {
  const uuid = '00000000-0000-4000-8000-000000000002';
  const neighbour = { name: 'neighbour', uuid, pid: 800, vcpus: [{ vcpu: 0, cpus: '4-5' }] };
  for (const traced of [false, true]) {
    const kernel = hostOf([vfio(A, 41), vfio(B, 70)], { domains: [...(RUNNING.domains ?? []), neighbour] });
    const paths: string[] = [];
    let passes = 0;
    const host = new ReconciledHost(kernel, {
      traced,
      files: new SimulatedFs(kernel, (_, path) => void paths.push(path)),
      exclusively: (_, action) => {
        passes++;
        return { result: action() };
      },
    });
    host.add(guest(hostdev(A, '2-3')));
    host.add({ ...guest(hostdev(B, '4-5')), name: 'neighbour', uuid });
    host.pass(120_000);
    host.written();
    [passes, paths.length] = [0, 0];
    kernel.enableVectors(A, [50]);
    if (traced) host.reconciler.markDirty({ irqs: [50] });
    host.pass(traced ? 0 : 1900);
    assert.equal(host.written(), ['50=2-3']);
    assert.is(passes, traced ? 0 : 1);
    const polls = paths.filter((path) => path === '/proc/irq/70/smp_affinity').length;
    assert.ok(polls <= 2, `the neighbour was polled ${polls} times`);
  }
});

test('a new domain is placed at once, and then nothing is written', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41, 42)], RUNNING));
  assert.equal(changesOf(host.add(guest(hostdev(A, 'auto')))), ['placed 41: 0-7 -> 2-3', 'placed 42: 0-7 -> 2-3']);
  host.written();
  assert.equal(host.pass(3_600_000), []);
  assert.equal(host.written(), []);
});

test('polls every 100 ms for a minute, then every second; with trace events every 10 s', () => {
  for (const traced of [false, true]) {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced });
    host.add(guest(hostdev(A, 'auto')));
    assert.is(host.reconciler.due - host.now, 100);
    host.pass(120_000);
    assert.is(host.reconciler.due - host.now, traced ? 10_000 : 1000);
  }
});

test('new vectors are placed within an interval', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING));
  host.add(guest(hostdev(A, 'auto')));
  host.kernel.enableVectors(A, [41, 42]);
  const first = host.pass(100);
  assert.equal(changesOf(...first), ['placed 41: 0-7 -> 2-3', 'placed 42: 0-7 -> 2-3']);
  assert.equal(
    first[0]?.changed.map(({ lagMs }) => lagMs),
    [100, 100],
    'since the check before',
  );
  host.pass(120_000);
  host.kernel.enableVectors(A, [42, 43]);
  const runs = host.pass(1000);
  assert.equal(changesOf(...runs), ['placed 42: 0-7 -> 2-3', 'placed 43: 0-7 -> 2-3']);
  assert.ok(runs[0]?.changed.every(({ lagMs }) => lagMs !== undefined && lagMs <= 1000));
});

test('IRQs that are swapped between devices get the set of their new device', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B, 42)], RUNNING));
  host.add(guest(hostdev(A, '2') + hostdev(B, '4')));
  host.pass(120_000);
  host.kernel.disableVectors(A);
  host.kernel.disableVectors(B);
  host.kernel.enableVectors(A, [42]);
  host.kernel.enableVectors(B, [41]);
  host.written();
  host.pass(1000);
  assert.equal(host.written(), ['42=2', '41=4']);
});

test('with trace events, the interrupt of an event is placed at once', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.kernel.enableVectors(A, [50]);
  host.written();
  host.reconciler.markDirty({ irqs: [50], seenAt: host.now - 3 });
  assert.is(host.reconciler.due, host.now);
  assert.is(host.reconciler.run().writes, 1);
  assert.equal(host.written(), ['50=2-3']);
  host.reconciler.markDirty({ irqs: [50] });
  assert.equal(host.reconciler.run().writes, 0, 'our own write causes an event, too');
  const later = host.pass(310);
  assert.equal(changesOf(...later), ['placed 50: 0-7 -> 2-3'], 'reported when no more events arrive');
  assert.is(later[0]?.changed[0]?.lagMs, 3);
  assert.equal(host.written(), []);
  assert.ok(Object.values(host.state.read(UUID)?.written ?? {}).includes('2-3'), 'and saved in the state');
  host.pass(3000);
  assert.ok(host.reconciler.due > host.now + 100, 'and no check is due for long');
  host.kernel.enableVectors(A, [51]);
  host.reconciler.markDirty({ irqs: [51] });
  host.now += 5;
  const [run] = host.pass(310).slice(-1);
  assert.is(run?.changed[0]?.lagMs, 5, 'an event without a time counts from its arrival');
});

test('the interrupt of an event that is not visible yet is retried', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.kernel.enableVectors(A, [50], 'msix', 0);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.ok(host.reconciler.due - host.now <= 2);
  host.kernel.request(A, 0);
  host.written();
  host.pass(5);
  assert.equal(host.written(), ['50=2-3']);
});

test('vectors of a driver that reloads repeatedly are placed at once and never contested', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  for (let round = 0; round < 20; round++) {
    host.kernel.enableVectors(A, [50, 51]);
    host.written();
    host.reconciler.markDirty({ irqs: [50, 51] });
    host.reconciler.run();
    assert.equal(host.written(), ['50=2-3', '51=2-3']);
    assert.equal(changesOf(...host.pass(900)), ['placed 50: 0-7 -> 2-3', 'placed 51: 0-7 -> 2-3']);
    host.kernel.disableVectors(A);
    host.pass(20);
  }
});

test('vCPUs that libvirt has not pinned yet are no problem; a problem if that lasts', () => {
  const everywhere = { name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '0-7' }] };
  for (const isPinned of [true, false]) {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], { domains: [everywhere] }));
    assert.equal(host.add(guest(hostdev(A, 'auto'))).problems, []);
    host.pass(1000);
    if (isPinned) host.kernel.processes.pin(UUID, 0, '2');
    const found = host.pass(60_000).flatMap(({ problems }) => problems.map(({ rule }) => rule));
    assert.equal(found, isPinned ? [] : ['auto-unpinned']);
    assert.equal(host.written(), isPinned ? ['41=2'] : []);
  }
});

test('the fast path does not write outdated targets', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.kernel.enableVectors(A, [50]);
  host.kernel.processes.pin(UUID, 0, '5');
  host.written();
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.equal(host.written(), ['50=5'], 'the vCPUs moved after the last check');

  host.kernel.disableVectors(A);
  host.pass(60_000);
  host.kernel.enableVectors(A, [50]);
  host.reconciler.setSettings({ ...host.reconciler.settings, allowedCpus: cpus('5-6') });
  host.kernel.processes.pin(UUID, 0, '4-5');
  host.pass(60_000);
  host.kernel.enableVectors(A, [51]);
  host.reconciler.setSettings({ ...host.reconciler.settings, allowedCpus: cpus('4') });
  host.written();
  host.reconciler.markDirty({ irqs: [51] });
  host.reconciler.run();
  assert.equal(host.written(), ['51=4'], 'the allowed CPUs changed after the last check');

  host.kernel.disableVectors(A);
  host.pass(60_000);
  host.kernel.enableVectors(A, [50]);
  host.kernel.bind(A, 'nvme');
  host.written();
  host.reconciler.markDirty({ irqs: [50] });
  host.pass(60_000);
  assert.equal(host.written(), []);
});

test('a vector whose handler appears before its mask is readable is retried without a full check', () => {
  const kernel = hostOf([vfio(A)], RUNNING);
  const files = new SimulatedFs(kernel);
  const open = files.openToWrite.bind(files);
  let isThere = false;
  files.openToWrite = (path) => {
    const file = open(path);
    if (path !== '/proc/irq/50/smp_affinity') return file;
    return { ...file, read: () => (isThere ? file.read() : undefined) };
  };
  const host = new ReconciledHost(kernel, { files, traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  kernel.enableVectors(A, [50]);
  host.written();
  host.reconciler.markDirty({ irqs: [50] });
  const { writes, checked } = host.reconciler.run();
  assert.equal([writes, checked], [0, 0]);
  assert.ok(host.reconciler.due - host.now <= 2);
  isThere = true;
  host.pass(5);
  assert.equal(host.written(), ['50=2-3']);
});

test('an interrupt that never gets a handler is dropped from the queue', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.kernel.enableVectors(A, [50], 'msix', 0);
  host.reconciler.markDirty({ irqs: [50, 51] });
  host.pass(1000);
  assert.ok(host.reconciler.due - host.now > 1000);
});

test("events of other devices' interrupts are ignored", () => {
  const kernel = hostOf(
    [vfio(A, 41), { address: B, driver: 'nvme', interrupts: [{ irq: 60, type: 'msix' }] }],
    RUNNING,
  );
  const host = new ReconciledHost(kernel, { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.written();
  host.reconciler.markDirty({ irqs: [60, 41] });
  host.pass(60_000);
  assert.equal(host.written(), []);
});

const MOVED = { ...RUNNING, processes: [{ pid: 9, command: 'irqbalance' }] };
const STORM = { ...DEFAULT_SETTINGS, contest: { limit: 5, window: 60_000 } };

/** A host on which interrupt 41 was moved until it became contested. */
function stormyHost() {
  const kernel = hostOf([vfio(A, 41)], MOVED);
  const host = new ReconciledHost(kernel, { settings: STORM });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(120_000);
  host.written();
  const seen = [];
  for (let i = 0; i < 20; i++) {
    kernel.move(41, cpus('0'));
    seen.push(...host.pass(1000));
  }
  host.written();
  return { host, kernel, seen };
}

test('a moved interrupt is repaired up to the limit, then paused, reported once, and tried again', () => {
  const { host, seen } = stormyHost();
  assert.equal(changesOf(...seen), [...Array(5).fill('repaired 41: 0 -> 2-3'), 'contested 41: 0 -> 0']);
  assert.equal(seen.at(-1)?.changed[0]?.culprit, { irqbalancePid: 9 });
  assert.equal(host.reconciler.contested, [{ domain: 'guest', address: A, irq: 41 }]);
  assert.is(host.reconciler.counters.contestedNow, 1);
  assert.equal(changesOf(...host.pass(60_000)), ['repaired 41: 0 -> 2-3']);
  assert.is(host.reconciler.counters.contestedNow, 1, 'it may be moved again soon');
  host.pass(600_000);
  assert.equal(host.reconciler.contested, []);
  assert.equal([host.reconciler.counters.contested, host.reconciler.counters.contestedNow], [1, 0]);
});

const ENDS: [what: string, event: (stormy: ReturnType<typeof stormyHost>) => void][] = [
  ['SIGHUP', ({ host }) => host.reconciler.setSettings(STORM)],
  ['an event of the domain', ({ host }) => host.reconciler.markDirty({ uuid: UUID })],
  ['the definition anew', ({ host }) => host.reconciler.add(guest(hostdev(A, 'auto')))],
  ['the end of irqbalance', ({ kernel }) => void kernel.processes.others.delete(9)],
];
for (const [what, event] of ENDS) {
  test(`${what} ends the pause of repairs`, () => {
    const stormy = stormyHost();
    const { host } = stormy;
    assert.equal(changesOf(...host.pass(2000)), []);
    event(stormy);
    assert.equal(changesOf(...host.pass(1000)), ['repaired 41: 0 -> 2-3']);
    assert.equal(host.reconciler.contested, []);
  });
}

test('while irqbalance runs the pause goes on', () => {
  const { host } = stormyHost();
  assert.equal(changesOf(...host.pass(30_000)), [], 'irqbalance still runs');
});

test('frequent resets of a guest do not count as moves', () => {
  for (const markDirty of [{ uuid: UUID }, { irqs: [41] }, undefined]) {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: markDirty?.irqs !== undefined });
    host.add(guest(hostdev(A, 'auto')));
    for (let i = 0; i < 20; i++) {
      host.kernel.enableVectors(A, [41]);
      if (markDirty) host.reconciler.markDirty(markDirty);
      assert.equal(changesOf(...host.pass(500)), ['placed 41: 0-7 -> 2-3']);
    }
  }
});

test('ENOSPC is reported once and retried with back-off', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.kernel.failAllWrites(41, 'ENOSPC');
  assert.equal(changesOf(host.add(guest(hostdev(A, 'auto')))), ['failed 41: 0-7 -> 0-7']);
  assert.equal(changesOf(...host.pass(3_600_000)), []);
  const tried = host.reconciler.counters.errors.exhausted;
  assert.ok(tried > 10 && tried < 30, `${tried} times`);
  host.kernel.failAllWrites(41);
  assert.equal(changesOf(...host.pass(300_000)), ['placed 41: 0-7 -> 2-3']);
});

test('a transient error is retried soon', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.kernel.failNextWrites(41, 'EBUSY', 'EAGAIN');
  assert.equal(changesOf(host.add(guest(hostdev(A, 'auto')))), [], 'not reported while it may be transient');
  assert.equal(changesOf(...host.pass(50)), ['placed 41: 0-7 -> 2-3']);
});

test('auto follows the vCPUs', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.add(guest(hostdev(A, 'auto')));
  host.pass(120_000);
  host.kernel.processes.pin(UUID, 0, '5');
  host.reconciler.markDirty({ uuid: UUID });
  assert.equal(changesOf(host.reconciler.run()), ['placed 41: 2-3 -> 5']);
  host.pass(120_000);
  host.kernel.processes.pin(UUID, 0, '6');
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 5 -> 6'], 'without an event');
});

for (const traced of [true, false]) {
  test(`1,000 new vectors within 100 ms are written once each, ${traced ? 'traced' : 'untraced'}`, () => {
    const devices = Array.from({ length: 100 }, (_, index) => `0000:${(index + 16).toString(16)}:00.0`);
    const kernel = hostOf(
      devices.map((address) => vfio(address)),
      RUNNING,
    );
    const host = new ReconciledHost(kernel, { traced });
    host.add(guest(devices.map((address) => hostdev(address, 'auto')).join('')));
    host.pass(60_000);
    for (const [wave, address] of devices.entries()) {
      const irqs = Array.from({ length: 10 }, (_, index) => 1000 + wave * 10 + index);
      kernel.enableVectors(address, irqs);
      if (traced) host.reconciler.markDirty({ irqs });
      host.pass(1);
      // Our own writes cause events, too.
      if (traced) host.reconciler.markDirty({ irqs: kernel.writes.slice(-20).map(({ irq }) => irq) });
    }
    const runs = host.pass(traced ? 10 : 1000);
    assert.equal(
      host.written().sort(),
      Array.from({ length: 1000 }, (_, index) => `${1000 + index}=2-3`),
    );
    const later = host.pass(2000);
    assert.equal(host.written(), []);
    assert.is(host.reconciler.counters.writes, 1000);
    assert.is(host.reconciler.counters.lag.count, 1000, 'each is reported once');
    assert.is(changesOf(...runs, ...later).filter((line) => !line.startsWith('placed ')).length, 0);
  });
}

test('CPUs that go offline and come back are removed from and added to the masks', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.add(guest(hostdev(A, '2-3')));
  host.pass(120_000);
  host.kernel.setOnline(2, false);
  host.kernel.setOnline(3, false);
  host.written();
  const [run] = host.pass(1000);
  assert.equal(
    run?.problems.map(({ rule }) => rule),
    ['no-usable-cpu'],
  );
  assert.equal(host.pass(5000), []);
  assert.equal(host.written(), []);
  host.kernel.setOnline(3, true);
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 0-1,4-7 -> 3']);
  host.kernel.setOnline(2, true);
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 3 -> 2-3']);
});

test('nothing is written if no QEMU of the domain runs', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)]));
  const run = host.add(guest(hostdev(A, '2-3')));
  assert.equal(
    run.problems.map(({ rule }) => rule),
    ['not-running'],
  );
  assert.equal(host.pass(1000), []);
  assert.equal(host.written(), []);
  host.kernel.processes.start({ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] });
  assert.equal(changesOf(...host.pass(100)), ['placed 41: 0-7 -> 2-3']);
});

test('lost events cause a poll at once, and at most one per second however many are lost', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(5001);
  const start = host.now;
  assert.ok(host.reconciler.due > start + 1000);
  host.reconciler.pollSoon();
  assert.is(host.reconciler.due, start);
  host.kernel.move(41, cpus('0'));
  assert.equal(changesOf(host.reconciler.run()), []);
  assert.equal(changesOf(...host.pass(400)), ['repaired 41: 0 -> 2-3']);
  for (let time = 0; time < 3; time++) host.reconciler.pollSoon();
  assert.is(host.reconciler.due, start + 1000);
});

test('a regular poll does not replace the poll for events that are lost after it', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(59_500);
  const start = host.now;
  host.reconciler.pollSoon();
  host.reconciler.run();
  host.pass(300);
  host.reconciler.pollSoon();
  host.pass(500);
  host.reconciler.pollSoon();
  assert.is(host.reconciler.due, start + 1000);
});

test('events lost right after a poll cause the next one, whatever is checked in between', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(5001);
  const start = host.now;
  host.reconciler.pollSoon();
  host.reconciler.run();
  host.reconciler.pollSoon();
  assert.is(host.reconciler.due, start + 1000);
  host.kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  assert.equal(changesOf(...host.pass(400)), ['placed 50: 0-7 -> 2-3']);
  assert.is(host.reconciler.due, start + 1000);
});

test("passes and removals take the domain's lock; without a UUID, a pass takes no domain's", () => {
  const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }], RUNNING);
  let held: string | undefined;
  const heldAtWrites = new Set<string | undefined>();
  const files = new SimulatedFs(kernel, (operation) => {
    if (operation === 'write') heldAtWrites.add(held);
  });
  const locks: (string | undefined)[] = [];
  const exclusively = <T>(uuid: string | undefined, action: () => T) => {
    locks.push(uuid);
    held = uuid;
    try {
      return { result: action() };
    } finally {
      held = undefined;
    }
  };
  const reconciler = new Reconciler(
    { files, state: new MemoryStates(), clock: { now: () => 0 }, exclusively },
    DEFAULT_SETTINGS,
  );
  reconciler.add(guest(hostdev(A, '2-3')));
  reconciler.run();
  assert.equal([locks.splice(0), [...heldAtWrites]], [[UUID], [UUID]]);
  kernel.processes.stop(UUID);
  kernel.bind(A, 'ahci');
  heldAtWrites.clear();
  assert.is(reconciler.remove(UUID).restored, 1);
  assert.equal([locks.splice(0), [...heldAtWrites]], [[UUID], [UUID]]);
  reconciler.add({ ...guest(hostdev(A, '2-3')), uuid: undefined });
  reconciler.run();
  assert.is(reconciler.remove('guest').restored, 0);
  assert.equal(locks, [undefined]);
  assert.is(reconciler.due, Number.POSITIVE_INFINITY);
});

test('removing a domain restores its line and deletes its state', () => {
  const line = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const, affinity: '0-5' }] };
  const host = new ReconciledHost(hostOf([line], RUNNING));
  host.add(guest(hostdev(A, '2-3')));
  host.kernel.processes.stop(UUID);
  host.kernel.bind(A, undefined);
  host.reconciler.remove(UUID.toUpperCase());
  assert.equal(host.written(), ['16=2-3', '16=0-5']);
  assert.equal(host.state.list(), []);
  assert.is(host.reconciler.due, Number.POSITIVE_INFINITY);
  assert.is(host.reconciler.remove(UUID).restored, 0, 'once more: nothing is left to do');
});

test.run();
