import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { A, B, guest, hostdev, hostOf, setOf, vfio } from '../affinity/simulated-pass.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const conflicts = suite('two domains that name the same device');
const UUIDS = ['11111111-0000-4000-8000-000000000000', '22222222-0000-4000-8000-000000000000'] as const;
const [ONE, TWO] = UUIDS;

/** The domain with the UUID, on CPU 2-3 or 6-7. */
function named(uuid: string, ...addresses: string[]): PlainDefinition {
  const policy = uuid === ONE ? '2-3' : '6-7';
  const devices = addresses.map((address) => hostdev(address, policy)).join('');
  return { ...guest(devices), name: uuid === ONE ? 'one' : 'two', uuid };
}

/** Both run. @param open addresses of the devices that their QEMUs have open; undefined: there are no descriptors */
function hostWith(open: readonly [string[], string[]] | undefined): SimulatedKernel {
  const domains = UUIDS.map((uuid, index) => ({
    ...{ name: index === 0 ? 'one' : 'two', uuid, pid: 700 + index, vcpus: [{ vcpu: 0, cpus: '0-7' }] },
    ...(open ? { open: open[index] as string[] } : {}),
  }));
  const devices = [A, B].map((address, group) => ({ ...vfio(address, 41 + group), iommuGroup: 12 + group }));
  return hostOf(devices, { domains });
}

/** `two 0000:06:00.0 device-conflict: error: ...` of all runs. */
const problems = (runs: ReturnType<ReconciledHost['pass']>) =>
  runs.flatMap((run) =>
    run.problems.map(({ domain, address, severity, message }) => `${domain} ${address} ${severity}: ${message}`),
  );

for (const owner of UUIDS) {
  const [name, pid, list] = owner === ONE ? ['one', 700, '2-3'] : ['two', 701, '6-7'];
  const loser = owner === ONE ? 'two' : 'one';
  for (const order of [[ONE, TWO] as const, [TWO, ONE] as const]) {
    conflicts(
      `the domain whose QEMU has the device open (${name}) owns it, the other gets an error; order: ${order}`,
      () => {
        const kernel = hostWith(owner === ONE ? [[A], []] : [[], [A]]);
        const host = new ReconciledHost(kernel);
        const runs = order.map((uuid) => host.add(named(uuid, A)));
        runs.push(...host.pass(60_000));
        assert.equal(problems(runs), [
          `${loser} ${A} error: the device belongs to domain ${name}, whose QEMU (pid ${pid}) has it open`,
        ]);
        assert.equal(host.written(), [`41=${list}`], 'once, whoever came first');
        kernel.move(41, setOf('0'));
        assert.equal(changesOf(...host.pass(1000)), [`repaired 41: 0 -> ${list}`]);
        host.written();
        assert.equal(problems(host.pass(1_800_000)), []);
        assert.equal(host.written(), []);
        assert.equal([...host.reconciler.managed.addresses], [A]);
      },
    );
  }
}

conflicts("with trace events, the fast path writes the owner's set to a new vector", () => {
  const host = new ReconciledHost(hostWith([[], [A]]), { traced: true });
  for (const uuid of UUIDS) host.add(named(uuid, A));
  host.pass(60_000);
  host.written();
  host.kernel.enableVectors(A, [50, 51]);
  host.reconciler.markDirty({ irqs: [50, 51] });
  host.reconciler.run();
  assert.equal(host.written(), ['50=6-7', '51=6-7']);
  host.pass(60_000);
  assert.equal(host.written(), []);
});

for (const open of [undefined, [[], []] as const]) {
  conflicts(
    `if no QEMU is seen to have the device open (${open ? 'readable' : 'no descriptors'}), the first domain owns it`,
    () => {
      const host = new ReconciledHost(hostWith(open && [[], []]));
      const runs = UUIDS.map((uuid) => host.add(named(uuid, A)));
      runs.push(...host.pass(3_600_000));
      assert.equal(problems(runs), [
        `two ${A} error: domain one (pid 700) already names the device; no QEMU is seen to have it open`,
      ]);
      assert.equal(host.written(), ['41=2-3']);
      host.reconciler.remove(ONE);
      assert.equal(changesOf(...host.pass(1000)), ['placed 41: 2-3 -> 6-7'], 'the other one, when the first has ended');
    },
  );
}

conflicts("if QEMU's descriptors cannot be read, this is reported and the first domain owns the device", () => {
  const kernel = hostWith([[], [A]]);
  const files = new SimulatedFs(kernel, (operation, path) => {
    if (operation === 'list' && /^\/proc\/\d+\/fd$/.test(path)) throw new FileError('EACCES', path);
  });
  const host = new ReconciledHost(kernel, { files });
  const runs = UUIDS.map((uuid) => host.add(named(uuid, A)));
  runs.push(...host.pass(60_000));
  assert.equal(problems(runs), [
    'one null note: /proc/700/fd cannot be read (EACCES): whether QEMU has the devices open is unknown',
    `two ${A} error: domain one (pid 700) already names the device; which QEMU has it open is unknown (/proc/701/fd cannot be read)`,
  ]);
  assert.equal(host.written(), ['41=2-3']);
});

conflicts("a device moves to another domain without an unplug event: the new owner's set is written", () => {
  const kernel = hostWith([[A], [B]]);
  const host = new ReconciledHost(kernel);
  host.add(named(ONE, A));
  host.add(named(TWO, B));
  host.pass(120_000);
  host.written();
  kernel.processes.setOpen(ONE, []);
  kernel.processes.setOpen(TWO, [A, B]);
  kernel.enableVectors(A, [60]);
  const runs = [host.add(named(TWO, A, B))];
  runs.push(...host.pass(60_000));
  assert.equal(host.written(), ['60=6-7']);
  assert.equal(problems(runs), [`one ${A} error: the device belongs to domain two, whose QEMU (pid 701) has it open`]);
});

conflicts('a device that is open in a domain without a policy is not written until that domain closes it', () => {
  const host = new ReconciledHost(hostWith([[], [A]]));
  const runs = [host.add(named(ONE, A)), ...host.pass(60_000)];
  assert.equal(host.written(), []);
  assert.equal(problems(runs), [`one ${A} error: the device belongs to domain two, whose QEMU (pid 701) has it open`]);
  host.kernel.processes.setOpen(TWO, []);
  assert.equal(changesOf(...host.pass(75_000)), ['placed 41: 0-7 -> 2-3'], 'taken up when it is seen to be free');
});

conflicts(
  'a device that another domain releases is placed within ten seconds, or at once if a definition shows it',
  () => {
    const free = () => {
      const host = new ReconciledHost(hostWith([[B], [A]]));
      host.add(named(ONE, A, B));
      host.add(named(TWO, A));
      // Not at the time of a check, which reads the list of open devices.
      host.pass(61_500);
      host.written();
      host.kernel.processes.setOpen(TWO, []);
      host.kernel.processes.setOpen(ONE, [A, B]);
      return host;
    };
    const unnoticed = free();
    unnoticed.pass(11_000);
    assert.equal(unnoticed.written(), ['41=2-3']);
    const noticed = free();
    noticed.add(named(TWO));
    assert.equal(noticed.written(), ['41=2-3']);
  },
);

conflicts('devices without an address do not conflict', () => {
  const host = new ReconciledHost(hostWith([[A], [B]]));
  for (const uuid of UUIDS) {
    const definition = named(uuid, uuid === ONE ? A : B);
    const [device] = definition.devices;
    assert.ok(device);
    host.add({ ...definition, devices: [device, { ...device, address: undefined }] });
  }
  host.pass(120_000);
  const { due } = host.reconciler;
  host.reconciler.remove(TWO);
  assert.is(host.reconciler.due, due, 'the other one is not checked');
});

conflicts("after a device changes domains, the former owner's set is not written while its lock is busy", () => {
  const kernel = hostWith([[], [A]]);
  let isBusy = false;
  const host = new ReconciledHost(kernel, {
    traced: true,
    exclusively: (uuid, action) => (isBusy && uuid === TWO ? undefined : { result: action() }),
  });
  host.add(named(TWO, A));
  host.pass(60_500);
  host.written();
  kernel.processes.setOpen(TWO, []);
  kernel.processes.setOpen(ONE, [A]);
  isBusy = true;
  host.add(named(ONE, A));
  assert.equal(host.written(), ['41=2-3']);
  kernel.move(41, setOf('6-7'));
  host.reconciler.markDirty({ irqs: [41] });
  host.reconciler.run();
  assert.equal(host.written(), ['41=2-3'], 'where the former owner had it is not where it belongs');
  kernel.enableVectors(A, [50]);
  host.reconciler.markDirty({ irqs: [50] });
  host.reconciler.run();
  assert.equal(host.written(), ['50=2-3']);
});

conflicts("a check of one device does not list QEMU's descriptors again", () => {
  const kernel = hostWith([[A], [B]]);
  const lists: string[] = [];
  const files = new SimulatedFs(kernel, (operation, path) => {
    if (operation === 'list' && /^\/proc\/\d+\/fd$/.test(path)) lists.push(path);
  });
  const host = new ReconciledHost(kernel, { files });
  for (const uuid of UUIDS) host.add(named(uuid, uuid === ONE ? A : B));
  host.pass(1000);
  assert.ok(lists.length > 0);
  lists.length = 0;
  kernel.move(41, setOf('0'));
  assert.equal(changesOf(...host.pass(1000)), ['repaired 41: 0 -> 2-3']);
  assert.equal(lists, []);
});

conflicts("property: only the set of a device's owner is written, whatever is opened, closed, named or moved", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('open' as const), owners: fc.tuple(fc.nat(2), fc.nat(2)) }),
    fc.record({ kind: fc.constant('name' as const), who: fc.nat(1), names: fc.subarray([A, B]) }),
    fc.record({ kind: fc.constant('renew' as const), which: fc.nat(1) }),
    fc.record({ kind: fc.constant('move' as const), which: fc.nat(1) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 1000, 15_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), fc.boolean(), (steps, traced) => {
      const kernel = hostWith([[], []]);
      const host = new ReconciledHost(kernel, { traced });
      const devices = [A, B];
      const owners = new Map<string, string | undefined>();
      const names = new Map<string, string[]>();
      let irq = 60;
      /**
       * Each write is the set of the domain that has the device open, or, if none has, of one of those that name it.
       */
      const check = () => {
        for (const { irq: written, set } of kernel.writes.splice(0)) {
          const address = devices.find((one) => kernel.devices.get(one)?.vectors.includes(written)) as string;
          const owner = owners.get(address);
          const may = (owner ? [owner] : UUIDS).filter((uuid) => names.get(uuid)?.includes(address));
          const sets = may.map((uuid) => setOf(uuid === ONE ? '2-3' : '6-7'));
          assert.ok(
            sets.some((one) => JSON.stringify(one) === JSON.stringify(set)),
            `IRQ ${written} of ${address}`,
          );
        }
      };
      for (const one of steps) {
        host.now++;
        if (one.kind === 'open') {
          one.owners.forEach((owner, index) => void owners.set(devices[index] as string, UUIDS[owner]));
          // as on a real host, a device that is opened again has new vectors
          for (const uuid of UUIDS)
            kernel.processes.setOpen(
              uuid,
              devices.filter((address) => owners.get(address) === uuid),
            );
          for (const address of devices) kernel.enableVectors(address, [irq++]);
          // libvirt reports what was plugged.
          for (const uuid of UUIDS) if (names.has(uuid)) host.reconciler.markDirty({ uuid });
          host.reconciler.run();
        } else if (one.kind === 'name') {
          const uuid = UUIDS[one.who] as string;
          names.set(uuid, one.names);
          host.add(named(uuid, ...one.names));
        } else if (one.kind === 'renew') {
          kernel.enableVectors(devices[one.which] as string, [irq]);
          host.reconciler.markDirty({ irqs: [irq++] });
          host.reconciler.run();
        } else if (one.kind === 'move') {
          const [vector = 0] = kernel.devices.get(devices[one.which] as string)?.vectors ?? [];
          kernel.move(vector, setOf('0'));
        } else host.pass(one.ms);
        check();
      }
      host.pass(30_000);
      check();
      for (const address of devices) {
        const owner = owners.get(address);
        const [vector = 0] = kernel.devices.get(address)?.vectors ?? [];
        if (!owner || !names.get(owner)?.includes(address)) continue;
        assert.equal(kernel.interrupts.get(vector)?.affinity, setOf(owner === ONE ? '2-3' : '6-7'));
      }
      host.pass(30_000);
      assert.equal(host.written(), [], 'it comes to rest');
    }),
    { numRuns: 60 },
  );
});

conflicts.run();
