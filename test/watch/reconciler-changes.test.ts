import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import type { OpenFile } from '../../src/host/pseudo-fs.js';
import { A, B, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const changes = suite('reconciler: changes of domains, devices and CPUs');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const cpus = (list: string) => parseCpuList(list) ?? [];
const rules = (runs: ReturnType<ReconciledHost['pass']>) =>
  runs.flatMap(({ problems }) => problems.map(({ rule }) => rule));

changes('a new definition takes effect at once: another set, an added device, a removed device', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B, 42)], RUNNING));
  host.add(guest(hostdev(A, '2')));
  assert.equal(changesOf(host.add(guest(hostdev(A, '4')))), ['placed 41: 2 -> 4']);
  assert.equal(changesOf(host.add(guest(hostdev(A, '4') + hostdev(B, '5')))), ['placed 42: 0-7 -> 5']);
  assert.is(host.reconciler.counters.devices, 2);
  host.add(guest(hostdev(B, '5')));
  assert.equal([...host.reconciler.managed.addresses], [B]);
  host.add(guest(hostdev(A, '4') + hostdev(B, 'native')));
  assert.equal([...host.reconciler.managed.addresses], [A], 'native: no longer managed');
  host.written();
  host.kernel.move(42, cpus('0'));
  host.pass(300_000);
  assert.equal(host.written(), []);
});

for (const [what, losing, gaining, wanted] of [
  ['the first', A, B, '5'],
  ['the second', B, A, '2'],
] as const) {
  changes(`when ${what} device loses as many vectors as the other gains, the next poll finds it`, () => {
    const kernel = hostOf(
      [
        { address: A, driver: 'vfio-pci' },
        { address: B, driver: 'vfio-pci' },
      ] as DeviceDescription[],
      RUNNING,
    );
    kernel.enableVectors(losing, [50, 51]);
    const host = new ReconciledHost(kernel);
    host.add(guest(hostdev(A, '2') + hostdev(B, '5')));
    host.pass(100_000);
    for (let second = 0; second < 3; second++) {
      host.pass(1000);
      host.written();
    }
    kernel.disableVectors(losing);
    kernel.enableVectors(gaining, [70, 71]);
    host.pass(1000);
    assert.equal(host.written(), [`70=${wanted}`, `71=${wanted}`]);
  });
}

changes('a definition with shifted addresses is reported once until it is corrected', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B, 42)], RUNNING));
  const guestWith = (entry: string) =>
    guest(hostdev(B), { metadata: `<hostdevs xmlns='urn:hostdev-cpuset:1'>${entry}</hostdevs>` });
  const shifted = guestWith(`<hostdev address='${A}' cpuset='2'/>`);
  const problemsOf = ({ problems }: ReturnType<ReconciledHost['add']>) =>
    problems.map(({ rule, severity, address }) => `${severity} ${rule} ${address}`);
  assert.equal(problemsOf(host.add(shifted)), [`warning address-shifted ${B}`, 'warning entry-stale null']);
  assert.equal(problemsOf(host.add(shifted)), []);
  assert.equal(problemsOf(host.add(guestWith(`<hostdev address='${B}' cpuset='2'/>`))), []);
  assert.equal(host.written(), ['42=2']);
  assert.equal(problemsOf(host.add(shifted)), [`warning address-shifted ${B}`, 'warning entry-stale null']);
});

changes('every kept descriptor is closed when its device, domain or process ends', () => {
  const kernel = hostOf([vfio(A, 41), vfio(B, 42)], RUNNING);
  const files = new SimulatedFs(kernel);
  const open = files.openToWrite.bind(files);
  const kept = new Set<OpenFile>();
  // open() returns the same for the same path of a simulated kernel.
  files.openToWrite = (path) => {
    const file = open(path);
    const own = { ...file, close: () => void kept.delete(own) };
    kept.add(own);
    return own;
  };
  const host = new ReconciledHost(kernel, { files });
  const before = kept.size;
  const holds = (count: number, why: string) => assert.is(kept.size - before, count, why);
  host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  holds(4, 'a vCPU twice, two interrupts');
  kernel.enableVectors(A, [50, 51]);
  host.pass(1000);
  holds(5, 'IRQs that ended');
  host.add(guest(hostdev(A, 'auto') + hostdev(B, 'native')));
  holds(4, 'a device without a policy');
  host.add(guest(hostdev(B, 'auto')));
  holds(3, 'a removed device');
  kernel.processes.start({ name: 'guest', uuid: UUID, pid: 800, vcpus: [{ vcpu: 0, cpus: '2-3' }] });
  host.pass(300_000);
  holds(3, 'another process');
  host.add({ ...guest(hostdev(B, 'auto')), name: 'renamed' });
  kernel.processes.start({ name: 'renamed', uuid: UUID, pid: 900, vcpus: [{ vcpu: 0, cpus: '2-3' }] });
  host.pass(300_000);
  holds(3, 'another name');
  host.reconciler.remove(UUID);
  holds(0, 'the domain');
});

changes('a renamed domain is another QEMU process', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.add(guest(hostdev(A, 'auto')));
  host.kernel.processes.start({ name: 'renamed', uuid: UUID, pid: 900, vcpus: [{ vcpu: 0, cpus: '5' }] });
  assert.equal(changesOf(host.add({ ...guest(hostdev(A, 'auto')), name: 'renamed' })), ['placed 41: 2-3 -> 5']);
});

changes('auto follows vCPU pinning within a second without an event', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B)], RUNNING));
  host.add(guest(hostdev(A, 'auto') + hostdev(B, '6')));
  host.pass(120_000);
  for (const [index, wait] of [300, 700, 1900, 2700, 4100].entries()) {
    host.pass(wait);
    host.kernel.processes.pin(UUID, 0, `${index}`);
    host.pass(1000);
    assert.equal(host.written().slice(-1), [`41=${index}`]);
  }
});

changes('if one device shows that the vCPUs moved, all devices of the domain follow', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B, 42)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  host.pass(60_000);
  host.written();
  host.kernel.processes.pin(UUID, 0, '5');
  host.kernel.move(41, cpus('0'));
  host.reconciler.markDirty({ irqs: [41] });
  host.reconciler.run();
  assert.equal(host.written(), ['41=5', '42=5']);
});

changes('the end of QEMU is reported, even for a policy that does not depend on vCPUs', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.add(guest(hostdev(A, '2')));
  host.pass(120_000);
  host.kernel.processes.stop(UUID);
  assert.equal(rules(host.pass(6000)), ['not-running']);
});

changes('a vector without a handler is not counted as managed until it is requested', () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING));
  host.kernel.enableVectors(A, [41, 42, 43], 'msix', 1);
  host.add(guest(hostdev(A, 'auto')));
  assert.equal([host.reconciler.counters.interrupts, [...host.reconciler.managed.irqs]], [1, [41]]);
  host.kernel.request(A, 2);
  host.pass(100);
  assert.equal([host.reconciler.counters.interrupts, [...host.reconciler.managed.irqs]], [2, [41, 43]]);
});

changes("a new vector makes the domain's polls frequent again; a repair does not", () => {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING));
  host.add(guest(hostdev(A, 'auto')));
  host.pass(120_000);
  host.kernel.enableVectors(A, [41]);
  host.pass(1000);
  assert.ok(host.reconciler.due - host.now <= 100);
  host.pass(120_000);
  host.kernel.move(41, cpus('0'));
  host.pass(1000);
  assert.ok(host.reconciler.due - host.now > 100, 'a repair is not a driver that loads');
});

changes('an interrupt that had its target from the start and is moved later is repaired', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.kernel.move(41, cpus('2-3'));
  assert.equal(changesOf(host.add(guest(hostdev(A, 'auto')))), []);
  host.kernel.move(41, cpus('0'));
  assert.equal(changesOf(...host.pass(1000)), ['repaired 41: 0 -> 2-3']);
});

changes('a device that is defined twice gets the first policy', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
  host.add(guest(hostdev(A, '2') + hostdev(A, '4')));
  host.pass(120_000);
  assert.is(host.reconciler.counters.devices, 1);
  host.kernel.move(41, cpus('0'));
  host.written();
  host.pass(1000);
  assert.equal(host.written(), ['41=2']);
});

for (const traced of [false, true]) {
  const title = 'a delivery outside the mask is found within three minutes and reported once';
  changes(`${title}${traced ? ', with trace events' : ''}`, () => {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
    host.reconciler.setTraced(traced);
    host.add(guest(hostdev(A, 'auto')));
    host.pass(120_000);
    const interrupt = host.kernel.interrupts.get(41);
    if (interrupt) interrupt.effective = cpus('6');
    host.written();
    assert.equal(changesOf(...host.pass(180_000)), ['failed 41: 2-3 -> 2-3']);
    host.pass(3_600_000);
    assert.equal(host.written(), []);
    assert.ok(host.reconciler.counters.errors.exhausted <= 21, 'nothing was written, so nothing is retried');
  });
}

changes('an INTx line that becomes shared is no longer managed within three minutes', () => {
  const line: DeviceDescription = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] };
  const host = new ReconciledHost(hostOf([line], RUNNING));
  host.add(guest(hostdev(A, 'auto')));
  host.pass(120_000);
  assert.equal([...host.reconciler.managed.irqs], [16]);
  host.kernel.interrupts.get(16)?.handlers.push('ehci_hcd:usb1');
  assert.equal(changesOf(...host.pass(180_000)), []);
  assert.equal([...host.reconciler.managed.irqs], []);
});

for (const traced of [false, true]) {
  changes(
    `a vCPU thread that is named after it was first seen is followed within two seconds${traced ? ', traced' : ''}`,
    () => {
      const kernel = hostOf([vfio(A, 41)], RUNNING);
      let isNamed = true;
      const accessed: string[] = [];
      class Unnamed extends SimulatedFs {
        override read(path: string): string | undefined {
          accessed.push(path);
          return path === '/proc/700/task/702/comm' && !isNamed ? 'qemu-system-x86\n' : super.read(path);
        }
      }
      const host = new ReconciledHost(kernel, { files: new Unnamed(kernel), traced });
      host.add(guest(hostdev(A, 'auto')));
      host.pass(300_000);
      isNamed = false;
      kernel.processes.pin(UUID, 1, '6');
      for (let seen = false; !seen; seen = accessed.includes('/proc/700/task/702/comm')) {
        accessed.length = 0;
        host.pass(10);
      }
      host.pass(1500);
      isNamed = true;
      assert.equal(changesOf(...host.pass(500)), ['placed 41: 2-3 -> 2-3,6']);
    },
  );

  changes(`a thread that is never named is read for two seconds only${traced ? ', traced' : ''}`, () => {
    const kernel = hostOf([vfio(A, 41)], RUNNING);
    let names = 0;
    class Unnamed extends SimulatedFs {
      override read(path: string): string | undefined {
        if (path !== '/proc/700/task/702/comm') return super.read(path);
        names++;
        return 'qemu-system-x86\n';
      }
    }
    const host = new ReconciledHost(kernel, { files: new Unnamed(kernel), traced });
    host.add(guest(hostdev(A, 'auto')));
    kernel.processes.pin(UUID, 1, '6');
    host.pass(60_000);
    assert.ok(names > 5 && names < 20, `${names} reads`);
    names = 0;
    host.pass(170_000);
    assert.ok(names <= 1, `${names} reads`);
  });
}

for (const threadNames of ['none', 'single'] as const) {
  const [domain] = RUNNING.domains ?? [];
  const running = { domains: domain ? [{ ...domain, threadNames }] : [] };

  changes(`a cpuset policy does not depend on QEMU's thread names: ${threadNames}`, () => {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], running), { traced: true });
    assert.equal(changesOf(host.add(guest(hostdev(A, '5')))), ['placed 41: 0-7 -> 5']);
    host.pass(60_000);
    host.kernel.move(41, cpus('0'));
    assert.equal(changesOf(...host.pass(11_000)), ['repaired 41: 0 -> 5']);
    host.kernel.enableVectors(A, [50]);
    host.reconciler.markDirty({ irqs: [50] });
    host.reconciler.run();
    assert.equal(host.written().at(-1), '50=5', 'on the fast path, too');
    host.kernel.processes.stop(UUID);
    host.kernel.move(50, cpus('0'));
    assert.equal(changesOf(...host.pass(60_000)), [], 'not after the end of QEMU');
  });
}

changes("if QEMU's threads have no vCPU names, auto follows the definition and this is reported", () => {
  const [domain] = RUNNING.domains ?? [];
  const host = new ReconciledHost(
    hostOf([vfio(A, 41)], { domains: domain ? [{ ...domain, threadNames: 'none' }] : [] }),
  );
  const pinned = (set: string) => guest(hostdev(A, 'auto'), { placement: `<vcpu cpuset='${set}'>1</vcpu>` });
  const first = host.add(pinned('4-5'));
  assert.equal([changesOf(first), first.problems], [['placed 41: 0-7 -> 4-5'], []]);
  const lasting = host.pass(10_000);
  assert.equal(
    lasting.flatMap(({ problems }) => problems.map(({ severity, message }) => `${severity}: ${message}`)),
    ['warning: QEMU (pid 700) has no thread with the name of a vCPU: auto follows the vCPU pinning in the definition'],
  );
  assert.equal(changesOf(host.add(pinned('6'))), ['placed 41: 4-5 -> 6']);
  assert.equal(rules(host.pass(3_600_000)), [], 'once');
});

changes('if one thread runs all vCPUs, auto follows it', () => {
  const [domain] = RUNNING.domains ?? [];
  const host = new ReconciledHost(
    hostOf([vfio(A, 41)], { domains: domain ? [{ ...domain, threadNames: 'single' }] : [] }),
  );
  const first = host.add(guest(hostdev(A, 'auto'), { placement: "<vcpu cpuset='4-5'>1</vcpu>" }));
  assert.equal([changesOf(first), first.problems], [['placed 41: 0-7 -> 2-3'], []]);
  host.kernel.processes.pin(UUID, 0, '6');
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 2-3 -> 6']);
});

changes("a vendor's VFIO driver is managed; a driver that is not VFIO is reported once", () => {
  const nvidia = { address: A, driver: 'nvidia', vfio: true, interrupts: [{ irq: 41, type: 'msix' as const }] };
  const host = new ReconciledHost(hostOf([nvidia, { ...vfio(B, 42), driver: 'nvme' }], RUNNING), { traced: true });
  const first = host.add(guest(hostdev(A, '2-3') + hostdev(B, '2-3')));
  assert.equal(changesOf(first), ['placed 41: 0-7 -> 2-3']);
  assert.equal(
    first.problems.map(({ address, rule }) => `${address} ${rule}`),
    [`${B} not-vfio`],
  );
  host.kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.equal(host.written(), ['41=2-3', '50=2-3'], 'on the fast path, too');
  assert.equal(rules(host.pass(3_600_000)), []);
});

changes('a check of one device keeps the saved state of the others', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B)], RUNNING));
  host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  host.pass(120_000);
  host.kernel.enableVectors(B, [42]);
  host.pass(1000);
  const { written = {} } = host.state.read(UUID) ?? {};
  assert.equal(
    Object.keys(written)
      .map((key) => key.split(' ')[0])
      .sort(),
    ['41', '42'],
  );
});

changes('a domain that ends between plan and write is not written', () => {
  for (const policy of ['auto', '2-3']) {
    const kernel = hostOf([vfio(A)], RUNNING);
    let ends = Number.POSITIVE_INFINITY;
    const files = new SimulatedFs(kernel, (operation) => {
      if (operation === 'link' && --ends === 0) kernel.processes.stop(UUID);
    });
    const host = new ReconciledHost(kernel, { files });
    host.add(guest(hostdev(A, policy)));
    host.pass(120_000);
    kernel.enableVectors(A, [41]);
    ends = 2; // the driver is read for the plan, and again before the write
    host.pass(10_000);
    assert.is(ends <= 0, true);
    assert.equal(host.written(), [], policy);
  }
});

changes('of several IRQs of an event, one that goes to another device before its write is not written', () => {
  const kernel = hostOf([vfio(A), vfio(B)], RUNNING);
  let moves = false;
  const files = new SimulatedFs(kernel, (operation, path) => {
    if (!moves || operation !== 'write' || path !== '/proc/irq/50/smp_affinity') return;
    moves = false;
    kernel.disableVectors(A);
    kernel.enableVectors(A, [50]);
    kernel.enableVectors(B, [51]);
  });
  const host = new ReconciledHost(kernel, { files, traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  kernel.enableVectors(A, [50, 51]);
  moves = true;
  host.reconciler.markDirty({ irqs: [50, 51] });
  host.reconciler.run();
  assert.is(moves, false);
  assert.equal(host.written(), [], 'the vector that was read is gone, and its successor is not written');
  host.pass(10_000);
  assert.equal(host.written(), ['50=2-3'], 'and then as planned');
});

changes('a trace event causes a further check only if something is new', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.reconciler.markDirty({ irqs: [41] });
  host.reconciler.run();
  assert.ok(host.reconciler.due > host.now + 100, 'an unmoved interrupt needs no further check');
  host.kernel.move(41, cpus('0'));
  host.reconciler.markDirty({ irqs: [41] });
  assert.equal(changesOf(host.reconciler.run()), ['repaired 41: 0 -> 2-3']);
  assert.ok(host.reconciler.due > host.now + 100, 'nor does a repaired one');
  host.kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.is(host.reconciler.due, host.now + 300, 'only a full check after the fast path is due');
  host.pass(310);
  host.reconciler.markDirty({ uuid: UUID });
  assert.equal(changesOf(host.reconciler.run()), [], 'a placement on the fast path is reported once');
  host.reconciler.setTraced(false);
  assert.is(host.reconciler.due, host.now, 'a change of the mode begins with a check');
});

const NODES = [
  { node: 0, cpus: '0-3' },
  { node: 1, cpus: '4-7' },
];
/** A device on node 1 with two vectors, and a guest with a vCPU on each node. */
function twoNodes(traced: boolean) {
  const vcpus = [
    { vcpu: 0, cpus: '3' },
    { vcpu: 1, cpus: '5' },
  ];
  const domains = [{ name: 'guest', uuid: UUID, pid: 700, vcpus }];
  const kernel = hostOf([{ ...vfio(A, 41, 42), numaNode: 1 }], { nodes: NODES, domains });
  const host = new ReconciledHost(kernel, { traced });
  const masks = () =>
    [...new Set([...kernel.interrupts.values()].map(({ affinity }) => formatCpuset(affinity)))].join();
  return { host, kernel, masks };
}

for (const traced of [false, true]) {
  changes(
    `auto on two nodes, ${traced ? 'traced' : 'polling'}: interrupts stay on the device's node while possible`,
    () => {
      const { host, kernel, masks } = twoNodes(traced);
      assert.equal(rules([host.add(guest(hostdev(A, 'auto')))]), []);
      assert.is(masks(), '5');
      kernel.enableVectors(A, [50, 51, 52]);
      host.reconciler.markDirty({ irqs: [50, 51, 52] });
      host.pass(10_000);
      assert.is(masks(), '5', 'new vectors too');
      assert.is(host.reconciler.counters.remote, 0);

      kernel.processes.pin(UUID, 1, '6-7');
      host.pass(60_000);
      assert.is(masks(), '6-7', 'the vCPU moves on the node');
      kernel.processes.pin(UUID, 1, '0');
      assert.equal(rules(host.pass(60_000)), ['remote-node']);
      assert.is(masks(), '0,3', 'it leaves the node: all of them');
      assert.is(host.reconciler.counters.remote, 3);
      kernel.processes.pin(UUID, 1, '1,4-5');
      host.pass(60_000);
      assert.is(masks(), '4-5', 'it is back');
      assert.is(host.reconciler.counters.remote, 0);

      kernel.setOnline(4, false);
      host.pass(60_000);
      assert.is(masks(), '5');
      kernel.setOnline(5, false);
      assert.ok(rules(host.pass(60_000)).includes('remote-node'));
      assert.is(masks(), '1,3', 'no CPU of the vCPUs is online there');
      kernel.setOnline(5, true);
      host.pass(60_000);
      assert.is(masks(), '5');

      host.written();
      host.reconciler.setSettings({ ...DEFAULT_SETTINGS, locality: 'any' });
      host.pass(60_000);
      assert.is(masks(), '1,3,5');
      host.reconciler.setSettings(DEFAULT_SETTINGS);
      host.pass(60_000);
      assert.is(masks(), '5');
      assert.is(host.written().length, 6, 'each vector once for each setting');
      host.pass(3_600_000);
      assert.equal(host.written(), []);
    },
  );
}

/**
 * A domain with four vCPUs on CPU 2 to 5, one each, whose device has vectors 50 to 54; the first is a control vector.
 * @param isFull CPU 3 has no free vectors
 */
function spreading({ traced = false, isFull = false } = {}): ReconciledHost {
  const vcpus = [2, 3, 4, 5].map((cpu, vcpu) => ({ vcpu, cpus: `${cpu}` }));
  const devices = [vfio(A), { address: B, driver: 'nvme' }];
  const kernel = hostOf(devices, { domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus }], vectorsPerCpu: 4 });
  if (isFull) {
    kernel.enableVectors(B, [90, 91, 92, 93]);
    for (const irq of [90, 91, 92, 93]) kernel.move(irq, cpus('3'));
  }
  kernel.enableVectors(A, [50, 51, 52, 53, 54]);
  return new ReconciledHost(kernel, { traced });
}
const SPREAD = guest(hostdev(A, 'auto', { spread: 'yes', controlVectors: '1' }));
const EACH = ['50=2-5', '51=2', '52=3', '53=4', '54=5'];

for (const traced of [false, true]) {
  const way = traced ? 'with trace events' : 'polling';

  changes(`spread: pinning a vCPU elsewhere moves its vectors and the control vector, ${way}`, () => {
    const host = spreading({ traced });
    host.add(SPREAD);
    assert.equal(host.written(), EACH);
    host.pass(3_600_000);
    assert.equal(host.written(), [], 'an hour in which nothing happens');
    host.kernel.processes.pin(UUID, 1, '6');
    host.pass(20_000);
    assert.equal(host.written(), ['50=2,4-6', '52=6']);
    host.reconciler.add(guest(hostdev(A, 'auto', { spread: 'yes', controlVectors: '1', vcpus: '1-3' })));
    host.pass(1000);
    assert.equal(host.written(), ['50=4-6', '51=6', '52=4', '53=5', '54=6']);
  });

  changes(`spread: after a reboot each vector has the same target, whatever its IRQ, ${way}`, () => {
    const host = spreading({ traced });
    host.add(SPREAD);
    host.pass(30_000);
    host.written();
    host.kernel.disableVectors(A);
    host.kernel.enableVectors(A, [84, 81, 82, 80, 83]);
    if (traced) host.reconciler.markDirty({ irqs: [81] });
    if (traced) host.reconciler.run();
    host.pass(20_000);
    const targets = host.written().filter((write) => !write.startsWith('16='));
    assert.equal(targets.sort(), ['80=4', '81=2', '82=3', '83=5', '84=2-5']);
  });

  changes(`spread: while a vCPU's CPU is offline nothing is written; when it returns its vector is, ${way}`, () => {
    const host = spreading({ traced });
    host.add(SPREAD);
    host.written();
    host.kernel.setOnline(3, false);
    // As the kernel does for threads that had no other CPU.
    host.kernel.processes.pin(UUID, 1, '0-2,4-7');
    host.pass(20_000);
    assert.equal(host.written(), [], 'a vCPU may run on every CPU');
    host.kernel.setOnline(3, true);
    host.kernel.processes.pin(UUID, 1, '3');
    host.pass(20_000);
    assert.equal(host.written(), ['52=3']);
  });
}

changes('spread over a cpuset: a CPU that goes offline moves only the vectors whose target changes', () => {
  const host = spreading();
  host.add(guest(hostdev(A, '4-7', { spread: 'yes', controlVectors: '1' })));
  assert.equal(host.written(), ['50=4-7', '51=4', '52=5', '53=6', '54=7']);
  host.kernel.setOnline(7, false);
  host.pass(20_000);
  assert.equal(host.written(), ['50=4-6', '54=4']);
  host.kernel.setOnline(7, true);
  host.pass(20_000);
  assert.equal(host.written(), ['50=4-7', '54=7']);
});

changes('spread: a plugged vCPU extends the whole set', () => {
  const host = spreading();
  host.add(SPREAD);
  host.written();
  const [domain] = [...host.kernel.processes.domains.values()];
  host.kernel.processes.start({ ...domain, vcpus: [...(domain?.vcpus ?? []), { vcpu: 4, cpus: '6' }] } as never);
  host.pass(20_000);
  assert.equal(host.written(), ['50=2-6'], 'as many vectors as vCPUs had before: only the set is another one');
});

changes("spread: the fast path writes each vector's target; a single vector has the whole set", () => {
  const host = spreading({ traced: true });
  host.add(SPREAD);
  host.pass(30_000);
  host.kernel.disableVectors(A);
  host.pass(30_000);
  host.written();
  const named = (...irqs: number[]) => {
    host.reconciler.markDirty({ irqs });
    host.reconciler.run();
    return host.written();
  };
  host.kernel.enableVectors(A, [60, 61], 'msix', 1);
  assert.equal(named(60), ['60=2-5'], 'the control vector');
  host.kernel.request(A, 1);
  assert.equal(named(61), ['61=2']);
  host.pass(30_000);
  assert.equal(host.written(), []);
  host.kernel.enableVectors(A, [70]);
  assert.equal(named(70), ['70=2-5']);
  host.reconciler.add(guest(hostdev(A, 'auto', { spread: 'yes' })));
  host.pass(30_000);
  assert.equal(host.written(), [], 'a single vector');
});

changes('spread: if a target is full, the vector gets the rest of the set until the target has room', () => {
  const host = spreading({ isFull: true });
  const { kernel } = host;
  const first = host.add(SPREAD);
  assert.equal(host.written(), ['50=2-5', '51=2', '52=2,4-5', '53=4', '54=5']);
  const [rest] = first.changed.filter(({ irq }) => irq === 52);
  assert.equal([rest?.kind, rest?.reason?.code, first.errors.exhausted], ['placed', 'target-full', 1]);
  assert.equal(changesOf(...host.pass(3_600_000)), [], 'reported once');
  assert.equal(host.written(), [], 'and not written again');
  const tries = host.reconciler.counters.errors.exhausted ?? 0;
  assert.ok(tries > 10 && tries < 25, `${tries} tries in an hour`);
  kernel.move(52, cpus('0'));
  assert.equal(changesOf(...host.pass(1000)), ['repaired 52: 0 -> 2,4-5'], 'it is kept there');
  assert.is(host.reconciler.counters.errors.exhausted, tries, 'without a trial of its target before the time');
  host.written();
  kernel.disableVectors(B);
  assert.equal(changesOf(...host.pass(300_000)), ['placed 52: 2,4-5 -> 3']);
  assert.equal(host.written(), ['52=3']);
});

changes('spread: the target is not tried before its time where the rest of the set is busy for a moment', () => {
  const host = spreading({ isFull: true });
  const { kernel } = host;
  host.add(SPREAD);
  host.pass(3_600_000);
  host.written();
  const tries = host.reconciler.counters.errors.exhausted;
  kernel.move(52, cpus('0'));
  kernel.failNextWrites(52, 'EBUSY', 'EBUSY', 'EBUSY');
  assert.equal(changesOf(...host.pass(1500)), ['placed 52: 0 -> 2,4-5']);
  assert.equal(host.written(), ['52=2,4-5']);
  const { exhausted, transient } = host.reconciler.counters.errors;
  assert.equal([exhausted, transient], [tries, 3]);
  host.pass(3_600_000);
  assert.ok((host.reconciler.counters.errors.exhausted ?? 0) - (tries ?? 0) < 15, 'the pauses are as long as before');
  kernel.disableVectors(B);
  assert.equal(changesOf(...host.pass(300_000)), ['placed 52: 2,4-5 -> 3']);
});

changes('spread: a target without room is told from a rest that is busy at the same moment', () => {
  const host = spreading({ isFull: true });
  host.kernel.failNextWrites(52, 'ENOSPC', 'EBUSY', 'EBUSY');
  const first = host.add(SPREAD);
  assert.equal([first.errors.exhausted, first.errors.transient], [1, 1]);
  assert.equal(changesOf(...host.pass(200)), ['placed 52: 0-7 -> 2,4-5']);
  assert.equal(host.reconciler.counters.errors.exhausted, 1, 'it waits for its time');
  host.kernel.disableVectors(B);
  assert.equal(changesOf(...host.pass(1500)), ['placed 52: 2,4-5 -> 3']);
});

changes('spread: where the rest of the set has no room either, the target is tried before its time', () => {
  const host = spreading({ isFull: true });
  const { kernel } = host;
  host.add(SPREAD);
  host.pass(3_600_000);
  host.written();
  kernel.disableVectors(B);
  kernel.move(52, cpus('0'));
  kernel.failNextWrites(52, 'ENOSPC');
  assert.equal(changesOf(...host.pass(1000)), ['placed 52: 0 -> 3']);
  assert.equal(host.written(), ['52=3']);
});

changes('spread: a vector that somebody moves from the rest of the set to its vCPU is not moved back', () => {
  const host = spreading({ isFull: true });
  const { kernel } = host;
  kernel.processes.pin(UUID, 1, '3,6');
  kernel.failNextWrites(52, 'ENOSPC');
  host.add(SPREAD);
  assert.equal(host.written(), ['50=2-6', '51=2', '52=2,4-5', '53=4', '54=5']);
  kernel.move(52, cpus('6'));
  assert.equal(changesOf(...host.pass(600)), ['placed 52: 6 -> 3,6']);
});

changes.run();
