import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Scope } from '../../src/affinity/scopes.js';
import { DEFAULT_SETTINGS, parseSettings } from '../../src/affinity/settings.js';
import { GuestTracker } from '../../src/discovery/guest-tracker.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { processUuid } from '../../src/host/process-id.js';
import { Reconciler } from '../../src/watch/reconciler.js';
import type { DomainDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/index.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { MemoryStates } from '../watch/reconciled-host.js';
import {
  addressOf,
  cgroupOf,
  guest,
  libvirtFiles,
  OTHER_POD_UID,
  POD_UID,
  podGuest,
  podsHost,
  SCOPES,
  statusXml,
} from './pods-host.js';

const test = suite('tracker of guests in /proc');
const LABEL = 'default_vm (pod tenant-a/virt-launcher-vm-x)';
const auto = (index = 0) =>
  statusXml(`<hostdev address="${addressOf(index)}" cpuset="auto"/>`, { addresses: [addressOf(index)] });

/** A host, a tracker and a reconciler, with a clock that goes on only when it is told to. */
class World {
  now = 1_000_000;
  /** ms of CPU time for each access */
  costMs = 0;
  readonly kernel: SimulatedKernel;
  readonly files: SimulatedFs;
  readonly states = new MemoryStates();
  readonly told: string[] = [];
  /** ms that each access takes */
  accessMs = 0;
  /** how often a file was read, listed or followed */
  accesses = 0;
  readonly tracker: GuestTracker;
  readonly reconciler: Reconciler;

  constructor(domains: DomainDescription[], { traced = false, withoutLibvirts = true } = {}) {
    this.kernel = new SimulatedKernel(podsHost(domains));
    this.files = new SimulatedFs(this.kernel, () => {
      this.accesses++;
      this.now += this.accessMs;
    });
    const { scopes } = parseSettings(JSON.stringify(SCOPES));
    const clock = { now: () => this.now };
    const vectorUnplaced = (address: string) => this.tracker.vectorUnplaced(address);
    const requesterUnknown = (pid: number | undefined) => this.tracker.requesterUnknown(pid);
    this.reconciler = new Reconciler(
      { files: this.files, state: this.states, clock, vectorUnplaced, requesterUnknown },
      DEFAULT_SETTINGS,
    );
    this.reconciler.setTraced(traced);
    const add = (definition: Parameters<Reconciler['add']>[0]) => {
      this.told.push(`add ${definition.name}`);
      this.reconciler.add(definition);
    };
    const remove = (uuid: string, name: string | undefined) => {
      this.told.push(`remove ${name}`);
      this.reconciler.remove(uuid);
    };
    const problem = (text: string) => void this.told.push(text);
    const sink = { add, remove, problem, withState: () => this.states.list() };
    const options = { scopes, withoutLibvirts, now: clock.now, cpuMs: () => this.accesses * this.costMs };
    this.tracker = new GuestTracker(this.files, sink, options);
    this.tracker.setTraced(traced);
    this.run();
  }

  run(): void {
    this.reconciler.run();
    if (this.tracker.due <= this.now) this.tracker.look();
    this.reconciler.run();
  }

  /** A process requests an interrupt whose number the kernel does not report. */
  request(pid: number): void {
    this.reconciler.vectorsRequested({ threads: [pid], moved: false, at: this.now });
    this.pass(100);
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const due = Math.min(this.tracker.due, this.reconciler.due);
      if (due > end) break;
      this.now = Math.max(this.now, due);
      this.run();
    }
    this.now = end;
  }

  affinity(irq: number): string {
    return formatCpuset(this.kernel.interrupts.get(irq)?.affinity ?? []);
  }
}

test('guests that run are added, with their policies', () => {
  const world = new World([podGuest(0, auto()), guest(1, { isOnHost: true }, { name: 'script' })]);
  assert.equal(world.told, [`add ${LABEL}`, 'add script (root)']);
  assert.is(world.affinity(40), '2-3');
  assert.is(world.tracker.managedCount, 2);
});

test('a domain of libvirt comes from libvirt, or from /proc if that is not asked', () => {
  const known = guest(0, { isOfLibvirt: true });
  assert.equal(new World([known]).told, []);
  assert.equal(new World([known], { withoutLibvirts: false }).told, ['add default_vm']);
});

test('a guest that starts is found by its first vector, within a second', () => {
  const world = new World([]);
  world.kernel.disableVectors(addressOf(0));
  world.pass(60_000);
  assert.equal(world.told, []);
  world.kernel.processes.start(podGuest(0, auto()));
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.pass(1000);
  assert.equal(world.told, [`add ${LABEL}`]);
  assert.equal([world.affinity(80), world.affinity(81)], ['2-3', '2-3']);
});

test('with trace events, when one names a vector of a device that nobody has', () => {
  const world = new World([guest(1, { isOnHost: true }, { name: 'script' })], { traced: true });
  world.pass(5000);
  world.kernel.processes.start(podGuest(0, auto()));
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.reconciler.markDirty({ irqs: [80], seenAt: world.now });
  world.pass(100);
  assert.equal(world.told, ['add script (root)', `add ${LABEL}`]);
  assert.equal([world.affinity(80), world.affinity(81)], ['2-3', '2-3']);
});

test('without IRQs in trace events, when an unknown process requests an interrupt', () => {
  const world = new World([guest(1, { isOnHost: true }, { name: 'script' })], { traced: true });
  world.pass(5000);
  world.kernel.processes.start(podGuest(0, auto()));
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.request(podGuest(0, '').pid);
  assert.equal(world.told, ['add script (root)', `add ${LABEL}`]);
  assert.equal([world.affinity(80), world.affinity(81)], ['2-3', '2-3']);
});

test('the same for a device that a known guest has opened since', () => {
  const addresses = [addressOf(0), addressOf(1)];
  const xml = statusXml(`<hostdev address="${addressOf(1)}" cpuset="auto"/>`, { addresses });
  const world = new World([podGuest(0, xml)], { traced: true });
  world.pass(5000);
  world.kernel.bind(addressOf(1), 'vfio-pci');
  world.kernel.processes.setOpen(podGuest(0, '').uuid, addresses);
  world.kernel.enableVectors(addressOf(1), [80]);
  world.request(podGuest(0, '').pid);
  assert.is(world.affinity(80), '2-3');
});

test('a domain of libvirt that has no policy may request interrupts, without a search', () => {
  const world = new World([guest(0, { isOfLibvirt: true })], { traced: true });
  world.pass(5000);
  const before = world.accesses;
  world.request(guest(0, {}).pid);
  assert.ok(world.accesses - before <= 3, 'only the process of the thread is read');
});

test('a device whose guest has been replaced is found again by its next vector', () => {
  const world = new World([podGuest(0, auto())], { traced: true });
  world.pass(5000);
  world.kernel.processes.stop(podGuest(0, '').uuid);
  world.kernel.processes.start({ ...podGuest(0, auto()), pid: 7000 });
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.reconciler.markDirty({ irqs: [80], seenAt: world.now });
  world.pass(100);
  assert.equal(world.told, [`add ${LABEL}`, `remove ${LABEL}`, `add ${LABEL}`]);
  assert.is(world.affinity(80), '2-3');
});

test('quiet: one system call each half second, and a look every 30 seconds', () => {
  const world = new World([podGuest(0, auto())]);
  world.pass(2000);
  const before = world.accesses;
  world.now += 500;
  world.tracker.look();
  assert.is(world.accesses - before, 1);
});

test('an end is seen in 30 seconds, and at once if interrupts go with it', () => {
  const world = new World([podGuest(0, auto())]);
  world.kernel.processes.stop(podGuest(0, '').uuid);
  world.pass(30_000);
  assert.equal(world.told, [`add ${LABEL}`, `remove ${LABEL}`]);
  assert.equal(world.states.list(), []);
});

test('a process whose pid is used again is another guest', () => {
  const world = new World([podGuest(0, auto())]);
  world.kernel.processes.start(podGuest(0, auto(), { startTime: 99_999 }));
  world.pass(30_000);
  assert.equal(world.told, [`add ${LABEL}`, `remove ${LABEL}`, `add ${LABEL}`]);
});

test('a state that a killed watcher left of a process that has ended is released', () => {
  const uuid = processUuid({ pid: 4242, startTime: 7 });
  const world = new World([]);
  world.states.write(uuid, { schemaVersion: 1, name: 'x', written: {}, lines: [] });
  world.states.write('5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10', { schemaVersion: 1, name: 'y', written: {}, lines: [] });
  world.pass(30_000);
  assert.equal(world.told, ['remove undefined']);
  assert.equal(world.states.list(), ['5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10'], "libvirt's tracker decides of its own");
});

test('a policy that changes, a device that is plugged, and scopes that change are followed', () => {
  const world = new World([podGuest(0, auto())]);
  const cpuset = statusXml(`<hostdev address="${addressOf(0)}" cpuset="4"/>`);
  world.kernel.processes.start(podGuest(0, cpuset));
  world.pass(30_000);
  assert.is(world.affinity(40), '4');
  world.kernel.processes.setOpen(podGuest(0, '').uuid, [addressOf(0), addressOf(1)]);
  world.pass(30_000);
  assert.is(world.told.length, 3);
  const scopes: Scope[] = [{ namespaces: ['*'], cpus: [{ first: 5, last: 5 }] }];
  world.tracker.setScopes(scopes);
  assert.is(world.told.length, 4);
  world.tracker.setScopes(scopes);
  assert.is(world.told.length, 4, 'nothing has changed');
});

test('the XML of a guest that runs for a while is looked at once a minute, and at a reload', () => {
  const world = new World([podGuest(0, auto())]);
  const list = world.files.list.bind(world.files);
  let reads = 0;
  world.files.list = (path) => {
    if (path.startsWith('/proc/5000/root/')) reads++;
    return list(path);
  };
  world.pass(90_000);
  reads = 0;
  world.pass(600_000);
  assert.ok(reads >= 9 && reads <= 11, `${reads}`);
  world.pass(10_000);
  reads = 0;
  world.tracker.lookNow();
  world.pass(1000);
  assert.is(reads, 1);
});

test('a process that hides its descriptors by their number has no device any more', () => {
  const world = new World([podGuest(0, auto())]);
  const read = world.files.read.bind(world.files);
  world.files.read = (path) => `${read(path)}${path === '/proc/5000/status' ? 'FDSize:\t131072\n' : ''}`;
  world.pass(30_000);
  assert.is(world.told.at(-1), `remove ${LABEL}`);
  assert.ok(
    world.told.some((text) => text.includes('not every process can be read')),
    world.told.join('\n'),
  );
});

test('descriptors are listed only if their number has changed, if the kernel tells it, and all in a thorough search', () => {
  const world = new World([podGuest(0, auto())]);
  let count = 1;
  let lists = 0;
  const list = world.files.list.bind(world.files);
  world.files.countDescriptors = (() => count) as () => never;
  world.files.list = (path) => {
    if (path === '/proc/5000/fd') lists++;
    return list(path);
  };
  const listsIn = (ms: number) => {
    lists = 0;
    world.pass(ms);
    return lists;
  };
  world.pass(60_000);
  assert.is(listsIn(300_000), 0);
  assert.ok(listsIn(600_000) > 0);
  world.kernel.processes.setOpen(podGuest(0, '').uuid, [addressOf(0), addressOf(1)]);
  count = 2;
  world.pass(30_000);
  assert.is(world.tracker.managedCount, 1);
  assert.is(world.told.length, 2, 'its new device is known');
});

test('a device that another guest has now is not written for the one that had it', () => {
  const world = new World([podGuest(0, auto())], { traced: true });
  world.pass(5000);
  world.kernel.processes.setOpen(podGuest(0, '').uuid, [addressOf(3)]);
  world.kernel.processes.start({
    ...podGuest(1, auto(), { cgroup: '/system.slice' }),
    open: [addressOf(0)],
    vcpus: [{ vcpu: 0, cpus: '4' }],
  });
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.reconciler.markDirty({ irqs: [80], seenAt: world.now });
  world.pass(1000);
  assert.equal([world.affinity(80), world.affinity(81)], ['0-7', '0-7']);
  assert.equal(world.told.length, 3, 'both are known by now');
});

test('looks take a twenty-fifth of a core at most if a guest gets and frees vectors all the time', () => {
  const world = new World([podGuest(0, auto())]);
  world.costMs = 20;
  const [began, before] = [world.now, world.accesses];
  for (let index = 0; index < 6000; index++) {
    world.kernel.enableVectors(addressOf(0), index % 2 === 0 ? [80, 81, 82] : [80]);
    world.now += 500;
    if (world.tracker.due <= world.now) world.tracker.look();
  }
  const share = ((world.accesses - before) * world.costMs - 2000) / (world.now - began);
  assert.ok(share > 0.03 && share < 0.042, `${share}`);
});

test('vectors of a program that is no QEMU do not use up the time to find a guest', () => {
  const world = new World([], { traced: true });
  world.costMs = 10;
  const name = (irq: number) => world.reconciler.markDirty({ irqs: [irq], seenAt: world.now });
  for (let second = 0; second < 600; second++) {
    world.kernel.enableVectors(addressOf(3), [second % 2 === 0 ? 90 : 91]);
    for (const irq of [90, 91]) name(irq);
    world.pass(1000);
  }
  world.kernel.processes.start(podGuest(0, auto()));
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  name(80);
  world.pass(100);
  assert.equal(world.told, [`add ${LABEL}`]);
  assert.equal([world.affinity(80), world.affinity(81)], ['2-3', '2-3']);
});

test('a guest that closed its device, and has a file of the same name open, does not keep others from having it', () => {
  const vfio = '/dev/vfio/20';
  const liar = podGuest(0, auto());
  const world = new World([liar], { traced: true });
  world.pass(5000);
  const numbers = world.files.openDeviceNumbers.bind(world.files);
  const link = world.files.linkTarget.bind(world.files);
  world.files.openDeviceNumbers = (pid, names) => (pid === liar.pid ? new Map() : numbers(pid, names));
  world.files.linkTarget = (path) => (path === `/proc/${liar.pid}/fd/0` ? vfio : link(path));
  world.kernel.processes.start({ ...podGuest(1, auto(), { cgroup: '/system.slice' }), open: [addressOf(0)] });
  world.pass(30_000);
  assert.equal(world.told, [`add ${LABEL}`, `remove ${LABEL}`, 'add default_vm (user 107)']);
});

test('a guest that hides its descriptors does not hide that another one has its device now', () => {
  const world = new World([podGuest(0, auto())], { traced: true });
  world.tracker.setScopes([{ namespaces: ['*'] }]);
  world.pass(5000);
  const read = world.files.read.bind(world.files);
  world.files.read = (path) => `${read(path)}${path === '/proc/5000/status' ? 'FDSize:\t131072\n' : ''}`;
  const files = libvirtFiles('/run/libvirt/qemu/run', auto(), 77);
  const other = podGuest(1, '', { cgroup: cgroupOf(OTHER_POD_UID), files });
  world.kernel.processes.start({ ...other, open: [addressOf(0)], vcpus: [{ vcpu: 0, cpus: '4' }] });
  world.kernel.enableVectors(addressOf(0), [80, 81]);
  world.now += 100;
  world.reconciler.markDirty({ irqs: [80], seenAt: world.now });
  world.pass(1000);
  assert.equal([world.affinity(80), world.affinity(81)], ['4', '4']);
});

test('a pod that starts guests again and again, with thousands of files, does not delay the guest of another', () => {
  const files = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`/run/libvirt/qemu/run/${index}.pid`, '1\n']),
  );
  const world = new World([], { traced: true });
  world.costMs = 1;
  for (let second = 0; second < 30; second++) {
    world.kernel.processes.start(podGuest(0, '', { files, startTime: 90_000 + second }));
    world.tracker.guestEnded();
    world.pass(1000);
  }
  const other = podGuest(1, auto(1), { cgroup: cgroupOf(OTHER_POD_UID) });
  world.tracker.setScopes([{ namespaces: ['*'] }]);
  world.kernel.processes.start(other);
  world.kernel.enableVectors(addressOf(1), [80, 81]);
  world.reconciler.markDirty({ irqs: [80], seenAt: world.now });
  world.pass(100);
  assert.is(world.affinity(80), '2-3');
});

test('a pod whose name kubelet tells later', () => {
  const world = new World([podGuest(0, auto())]);
  const list = world.files.list.bind(world.files);
  world.files.list = (path) => (path === '/var/log/pods' ? [] : list(path));
  world.kernel.processes.start(podGuest(0, auto(), { startTime: 99_999 }));
  world.pass(30_000);
  world.files.list = list;
  world.pass(30_000);
  const unnamed = `default_vm (pod ${POD_UID})`;
  assert.equal(world.told, [`add ${LABEL}`, `remove ${LABEL}`, `add ${unnamed}`, `add ${LABEL}`]);
  assert.is(world.affinity(40), '2-3');
});

test('a search is interrupted, so that vectors of known guests are placed, and goes on', () => {
  const world = new World([podGuest(0, auto()), guest(1, { isOnHost: true }, { name: 'script' })]);
  world.pass(1000);
  world.told.length = 0;
  world.kernel.processes.start(guest(2, { isOnHost: true }, { name: 'late' }));
  world.accessMs = 60;
  world.tracker.lookNow();
  world.tracker.look();
  assert.equal(world.told, []);
  assert.ok(world.tracker.due > world.now && world.tracker.due <= world.now + 1);
  world.pass(10_000);
  assert.equal(world.told, ['add late (root)']);
});

test('the files of the guests that a search has found are read in the same time', () => {
  const world = new World([0, 1, 2, 3].map((index) => podGuest(index, auto(index))));
  world.pass(60_000);
  const list = world.files.list.bind(world.files);
  const inProcess = world.files.inProcess.bind(world.files);
  let reads = 0;
  world.files.list = (path) => {
    if (path === '/proc') world.now += 40;
    return list(path);
  };
  world.files.inProcess = (...words) => {
    reads++;
    world.now += 20;
    return inProcess(...words);
  };
  world.tracker.lookNow();
  const began = world.now;
  world.tracker.look();
  assert.is(world.now - began, 60);
  world.pass(200);
  assert.is(reads, 4);
});

test('it is interrupted also where many processes have the same device open', () => {
  const child = (number: number) => ({
    ...podGuest(0, auto()),
    uuid: `6f0d1c2e-3b4a-5c6d-8e7f-0000000000${10 + number}`,
    pid: 6000 + number,
  });
  const world = new World([podGuest(0, auto()), ...Array.from({ length: 50 }, (_, index) => child(index))]);
  world.pass(60_000);
  assert.equal(world.told, [`add ${LABEL}`]);
  world.accessMs = 10;
  world.tracker.lookNow();
  let longest = 0;
  for (let steps = 0; steps < 500; steps++) {
    world.now = Math.max(world.now, world.tracker.due);
    const began = world.now;
    world.tracker.look();
    longest = Math.max(longest, world.now - began);
    if (world.tracker.due > world.now + 1000) break;
  }
  assert.ok(longest < 500, `${longest} ms`);
});

test.run();
