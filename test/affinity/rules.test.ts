import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyPlan } from '../../src/affinity/apply-plan.js';
import type { NotSeen } from '../../src/affinity/reason.js';
import { enforceDomain } from '../../src/affinity/reconcile-domain.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { domainReport } from '../../src/report/report.js';
import { StateStore } from '../../src/runtime/state-store.js';
import type { DeviceDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import {
  A,
  AfterWrite,
  B,
  C,
  guest,
  hostdev,
  hostOf,
  interrupts,
  outcomes,
  Simulated,
  UUID,
  vfio,
} from './simulated-pass.js';

/** The rules that keep a host safe, by number. */
const rules = suite('rules of placement');
let folder: TemporaryFolder;
rules.before.each(() => {
  folder = new TemporaryFolder();
});
rules.after.each(() => folder.remove());

const list = (text: string) => parseCpuList(text) as Cpuset;
const simulated = (kernel: SimulatedKernel, files = new SimulatedFs(kernel)) =>
  new Simulated(kernel, folder.path, { files });
const own = guest(hostdev(A, '2-3'));
const device = (driver: string | undefined, type: 'msix' | 'intx', ...handlers: string[]): DeviceDescription => ({
  address: A,
  ...(driver === undefined ? {} : { driver }),
  interrupts: [{ irq: 41, type, handlers }],
});

rules("1: only interrupts of the domain's devices are placed", () => {
  const pass = simulated(hostOf([vfio(A, 41, 42), vfio(C, 45)], { interrupts: [{ irq: 9, handlers: ['acpi'] }] }));
  assert.equal(outcomes(pass.enforce(own)), ['41 set', '42 set']);
  assert.equal(pass.written(), ['41=2-3', '42=2-3']);
});

rules('1: VFIO drivers are recognized by name: vfio-pci and its variants', () => {
  for (const driver of ['vfio-pci', 'mlx5_vfio_pci', 'vfio-pci-igb', 'nvgrace-gpu-vfio-pci']) {
    const pass = simulated(hostOf([device(driver, 'msix', `vfio-msix[0](${A})`)]));
    assert.equal(outcomes(pass.enforce(own)), ['41 set'], driver);
  }
});

rules("1: a vendor's VFIO driver with another name is recognized", () => {
  const nvidia = { ...device('nvidia', 'msix', `vfio-msix[0](${A})`), vfio: true };
  const pass = simulated(hostOf([nvidia]));
  assert.equal(outcomes(pass.enforce(own)), ['41 set']);
});

rules('1: on kernels before 6.1 a driver with another name is recognized by its handlers', () => {
  for (const [handler, outcome] of [
    [`vfio-msix[0](${A})`, '41 set'],
    ['nvidia', `41 skip: its handler is nvidia, not VFIO's for ${A}`],
  ] as const) {
    const kernel = hostOf([device('nvidia', 'msix', handler)]);
    class Older extends SimulatedFs {
      override list(path: string): string[] | undefined {
        return path.includes('vfio-dev') ? undefined : super.list(path);
      }
    }
    assert.equal(outcomes(simulated(kernel, new Older(kernel)).enforce(own)), [outcome]);
  }
});

rules("1: for a running domain's device, an interrupt that is not VFIO's is a problem", () => {
  const vendor = { vfio: true };
  const line = { irq: 41, type: 'intx' as const, handlers: [`vfio-intx(${A})`, 'ahci'] };
  const inPlace: DeviceDescription = {
    ...{ address: A, driver: 'vfio-pci' },
    interrupts: [{ ...line, affinity: '2', effective: '2' }],
  };
  const domains = [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }];
  for (const [found, problem] of [
    [
      device('nvme', 'msix', 'nvme0q0'),
      "error: the domain is running, but the device's driver is nvme, not VFIO: its interrupts are not placed",
    ],
    [
      device(undefined, 'msix'),
      'error: the domain is running, but the device has no driver: its interrupts are not placed',
    ],
    [
      { ...device('nvidia', 'msix', 'nvidia'), ...vendor },
      `error: the domain is running, but not all interrupts of the device are placed: its handler is nvidia, not VFIO's for ${A}`,
    ],
    [
      device('vfio-pci', 'msix', `vfio-later[0](${A})`),
      `error: the domain is running, but not all interrupts of the device are placed: its handler is vfio-later[0](${A}), not VFIO's for ${A}`,
    ],
    [
      device('vfio-pci', 'intx', `vfio-intx(${A})`, 'ahci'),
      "warning: its INTx line is not placed: shared with ahci, and not on CPU 2-3; let the guest's driver use MSI, put the device in another slot, or place the line for all of them: echo 2-3 > /proc/irq/41/smp_affinity_list",
    ],
    [inPlace, 'note: its INTx line is not placed: shared with ahci'],
    // not in use, or about to be another device's
    [device('vfio-pci', 'intx', 'ahci'), undefined],
    [device('vfio-pci', 'msix'), undefined],
    [device('vfio-pci', 'msix', `vfio-msix[0](${B})`), undefined],
  ] as const) {
    for (const running of [true, false]) {
      const [seen] = simulated(hostOf([found], running ? { domains } : {})).plan(own).devices;
      const texts = seen?.problems.map(({ severity, message }) => `${severity}: ${message}`);
      assert.equal(texts, running && problem ? [problem] : [], `${found.driver} ${running}`);
    }
  }
});

const OTHER = '22222222-0000-4000-8000-000000000000';

/** A host on which the guest and another domain run. @param open the devices that their QEMUs have open */
function hostOfTwo(open: string[], othersOpen: string[]): SimulatedKernel {
  const vcpus = [{ vcpu: 0, cpus: '2-3' }];
  const domains = [
    { name: 'guest', uuid: UUID, pid: 700, vcpus, open },
    { name: 'other', uuid: OTHER, pid: 701, vcpus, open: othersOpen },
  ];
  return hostOf([{ ...vfio(A, 41), iommuGroup: 12 }, { ...vfio(B, 42) }], { domains });
}

rules("1: a device that another domain's QEMU has open belongs to that domain", () => {
  for (const [address, irq] of [
    [A, 41],
    [B, 42],
  ] as const) {
    const both = guest(hostdev(A, '2-3') + hostdev(B, '2-3'));
    const pass = simulated(hostOfTwo(address === A ? [B] : [A], [address]));
    for (const report of [pass.plan(both), pass.enforce(both)]) {
      const device = report.devices.find((one) => one.address === address);
      assert.equal(
        [device?.cpus, device?.problems.map(({ severity, message }) => `${severity}: ${message}`)],
        [null, ['error: the device belongs to domain other, whose QEMU (pid 701) has it open']],
      );
    }
    assert.equal(pass.written(), [`${83 - irq}=2-3`], 'the other device is placed');
  }
});

rules('1: a device that no QEMU is seen to have open belongs to the domain that wrote it before', () => {
  const kernel = hostOfTwo([], []);
  const pass = simulated(kernel);
  const other = { ...guest(hostdev(A, '5')), name: 'other', uuid: OTHER };
  assert.equal(outcomes(pass.enforce(other)), ['41 set']);
  const [device] = pass.enforce(own).devices;
  assert.equal(
    device?.problems.map(({ message }) => message),
    ['domain other (pid 701) already names the device; no QEMU is seen to have it open'],
  );
  assert.equal(pass.written(), ['41=5']);
  kernel.processes.stop(OTHER);
  assert.equal(outcomes(pass.enforce(own)), ['41 set'], 'the other domain has ended');
});

rules("1: unreadable descriptors of the domain's own QEMU are reported", () => {
  const kernel = hostOfTwo([A], []);
  const files = new SimulatedFs(kernel, (operation, path) => {
    if (operation === 'list' && /^\/proc\/\d+\/fd$/.test(path)) throw new FileError('EACCES', path);
  });
  const report = simulated(kernel, files).enforce(own);
  assert.equal(
    [outcomes(report), report.problems.map(({ severity, message }) => `${severity}: ${message}`)],
    [['41 set'], ['note: /proc/700/fd cannot be read (EACCES): whether QEMU has the devices open is unknown']],
  );
});

rules('1: a device whose driver is not VFIO, or that has none, is skipped', () => {
  for (const [driver, reason] of [
    ['nvme', "the device's driver is nvme, not VFIO"],
    ['myvfiox', "the device's driver is myvfiox, not VFIO"],
    [undefined, 'the device has no driver'],
  ] as const) {
    const pass = simulated(hostOf([device(driver, 'msix', `vfio-msix[0](${A})`)]));
    assert.equal(outcomes(pass.plan(own)), [`41 skip: ${reason}`]);
    assert.equal(outcomes(pass.enforce(own)), [`41 skip: ${reason}`]);
    assert.equal(pass.written(), []);
  }
});

rules("1: an interrupt with handlers other than this device's VFIO handler is skipped", () => {
  for (const [handlers, reason] of [
    [['nvme0q0'], `its handler is nvme0q0, not VFIO's for ${A}`],
    [[`vfio-msix[0](${B})`], `its handler is vfio-msix[0](${B}), not VFIO's for ${A}`],
    [[`vfio-intx(${A})`, 'ahci'], 'shared with ahci'],
    [['ahci', `vfio-intx(${A})`], 'shared with ahci'],
    [[`vfio-intx(${A})`, `vfio-intx(${B})`], `shared with vfio-intx(${B})`],
    [[], 'no handler yet'],
  ] as const) {
    const pass = simulated(hostOf([device('vfio-pci', 'intx', ...handlers)]));
    assert.equal(outcomes(pass.plan(own)), [`41 skip: ${reason}`]);
    assert.equal(outcomes(pass.enforce(own)), [`41 skip: ${reason}`]);
    assert.equal(pass.written(), []);
  }
});

rules('1: an INTx line that two devices of one guest share is skipped for both', () => {
  const shared = { irq: 16, type: 'intx' as const, handlers: [`vfio-intx(${A})`, `vfio-intx(${B})`] };
  const devices = [A, B].map((address) => ({ address, driver: 'vfio-pci', interrupts: [shared] }));
  const pass = simulated(hostOf(devices));
  assert.equal(
    pass.enforce(guest(hostdev(A, '2') + hostdev(B, '3'))).devices.map(({ interrupts: [one] }) => one?.action),
    ['skip', 'skip'],
  );
  assert.equal(pass.written(), []);
});

/** The outcomes of a plan if `happening` takes place before it is carried out. */
function between(kernel: SimulatedKernel, happening: () => void, definition = own): string[] {
  const pass = simulated(kernel);
  const plan = pass.planned(definition);
  assert.ok([...interrupts(domainReport(plan)).values()].some(({ action }) => action === 'set'));
  happening();
  const { applied, writes } = applyPlan(plan, pass.host);
  assert.is(writes.length, kernel.writes.length);
  return outcomes(domainReport(applied));
}

rules('1: IRQs that devices exchange between plan and write are skipped', () => {
  const kernel = hostOf([vfio(A, 41, 42), vfio(B, 43, 44)]);
  const cross = () => {
    kernel.disableVectors(A);
    kernel.disableVectors(B);
    kernel.enableVectors(A, [43, 42]);
    kernel.enableVectors(B, [41, 44]);
  };
  assert.equal(between(kernel, cross), [`41 skip: its handler is vfio-msix[0](${B}), not VFIO's for ${A}`, '42 set']);
  assert.equal(
    kernel.writes.map(({ irq }) => irq),
    [42],
  );
});

rules('1: an IRQ that became another vector of the same device is skipped', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  assert.equal(
    between(kernel, () => kernel.enableVectors(A, [42, 41])),
    [`41 skip: it is vfio-msix[1](${A}) now`, `42 skip: it is vfio-msix[0](${A}) now`],
  );
});

rules("1: a device that went back to the host's driver with the same IRQ is skipped", () => {
  const kernel = hostOf([vfio(A, 41)]);
  const detach = () => {
    kernel.detach(A);
    kernel.attach(device('nvme', 'msix', 'nvme0q0'));
  };
  assert.equal(between(kernel, detach), ["41 skip: the device's driver is nvme, not VFIO"]);
  assert.equal(kernel.writes, []);
});

rules('1: a device whose driver is not VFIO any more is skipped, even if the handler still exists', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const detach = () => {
    kernel.detach(A);
    kernel.attach(device('pci-stub', 'msix', `vfio-msix[0](${A})`));
  };
  assert.equal(between(kernel, detach), ["41 skip: the device's driver is pci-stub, not VFIO"]);
  assert.equal(kernel.writes, []);
});

rules('1: a line that became shared after the plan is skipped', () => {
  const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }]);
  const share = () => void kernel.interrupts.get(16)?.handlers.push('ahci');
  assert.equal(between(kernel, share), ['16 skip: shared with ahci']);
  assert.equal(kernel.writes, []);
});

rules("1: before each write the domain's process is checked, and after that the handlers again", () => {
  const carryOut = (devices: DeviceDescription[], check: (kernel: SimulatedKernel) => NotSeen | undefined) => {
    const kernel = hostOf(devices);
    const pass = simulated(kernel);
    const { applied } = applyPlan(pass.planned(own), { ...pass.host, checkRunning: () => check(kernel) });
    return [outcomes(domainReport(applied)), pass.written()];
  };
  let checks = 0;
  const endsAfterOne = () => (++checks === 2 ? ({ code: 'not-running' } as const) : undefined);
  assert.equal(carryOut([vfio(A, 41, 42)], endsAfterOne), [
    ['41 set', '42 skip: no QEMU of this domain runs here'],
    ['41=2-3'],
  ]);

  const line: DeviceDescription = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] };
  const share = (kernel: SimulatedKernel) => void kernel.interrupts.get(16)?.handlers.push('ahci');
  assert.equal(carryOut([line], share), [['16 skip: shared with ahci'], []]);
});

rules("1: if the driver is not VFIO any more, the domain's process is not checked", () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel);
  const plan = pass.planned(own);
  kernel.detach(A);
  kernel.attach(device('pci-stub', 'msix', `vfio-msix[0](${A})`));
  const { applied } = applyPlan(plan, { ...pass.host, checkRunning: () => undefined });
  assert.equal(outcomes(domainReport(applied)), ["41 skip: the device's driver is pci-stub, not VFIO"]);
  assert.equal(pass.written(), []);
});

rules('1: the target is verified again between two attempts of a write', () => {
  const kernel = hostOf([vfio(A, 41), vfio(B, 43)]);
  kernel.failNextWrites(41, 'EBUSY');
  const pass = simulated(kernel);
  const pause = () => {
    kernel.disableVectors(A);
    kernel.enableVectors(B, [41]);
  };
  const { applied } = applyPlan(pass.planned(own), { ...pass.host, pause });
  assert.equal(outcomes(domainReport(applied)), [`41 skip: its handler is vfio-msix[0](${B}), not VFIO's for ${A}`]);
  assert.equal(kernel.writes, []);
});

rules('2: an interrupt that already has the mask is not written', () => {
  const kernel = hostOf([vfio(A, 41)]);
  kernel.move(41, list('2-3'));
  const pass = simulated(kernel);
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
  assert.equal(pass.written(), []);
});

rules('2: a subset that was never written is written once', () => {
  const kernel = hostOf([vfio(A, 41)]);
  kernel.move(41, list('3'));
  const pass = simulated(kernel);
  assert.equal(outcomes(pass.enforce(own)), ['41 set']);
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
  assert.equal(pass.written(), ['41=2-3']);
});

rules('2: a mask that the kernel narrows at the write is not written again', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel, new AfterWrite(kernel, () => kernel.shrink(41, list('3'))));
  pass.enforce(own);
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
  assert.equal(outcomes(simulated(kernel).enforce(own)), ['41 keep'], 'not by another process either');
  assert.equal(pass.written(), ['41=2-3']);
});

rules('2: a mask that is narrowed later is written once more, as it may be another vector', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  kernel.shrink(41, list('3'));
  assert.equal([outcomes(pass.enforce(own)), outcomes(pass.enforce(own))], [['41 set'], ['41 keep']]);
  assert.equal(pass.written(), ['41=2-3', '41=2-3']);
});

rules('2: a new vector under the same IRQ is written, even if its mask is within the set', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  kernel.enableVectors(A, [41, 42]);
  kernel.move(41, list('3'));
  kernel.move(42, list('2-3'));
  assert.equal(outcomes(pass.plan(own)), ['41 set', '42 keep']);
  assert.equal(
    [outcomes(pass.enforce(own)), outcomes(pass.enforce(own))],
    [
      ['41 set', '42 keep'],
      ['41 keep', '42 keep'],
    ],
  );
  assert.equal(pass.written(), ['41=2-3', '42=2-3', '41=2-3']);
});

rules('2: a new vector that gets the IRQ right after the write is written by the next pass', () => {
  const kernel = hostOf([vfio(A, 41)]);
  kernel.move(41, list('3'));
  const renew = () => {
    kernel.enableVectors(A, [41]);
    kernel.move(41, list('3'));
  };
  const pass = simulated(kernel, new AfterWrite(kernel, renew));
  assert.equal([outcomes(pass.enforce(own)), outcomes(pass.enforce(own))], [['41 skip: it went away'], ['41 set']]);
});

rules('2: an unsaved write of another set invalidates the saved one', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel);
  const wide = guest(hostdev(A, '2-5'));
  pass.enforce(wide);
  const unsaved = new StateStore(folder.path);
  unsaved.write = () => {};
  enforceDomain({ ...pass.host, state: unsaved }, own);
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
  assert.equal(outcomes(pass.enforce(wide)), ['41 set']);
  assert.equal(pass.written(), ['41=2-5', '41=2-3', '41=2-5']);
});

rules('2: a mask that was moved out of the set is repaired', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  kernel.move(41, list('3-4'));
  assert.equal(outcomes(pass.enforce(own)), ['41 set']);
  assert.equal(pass.written(), ['41=2-3', '41=2-3']);
});

rules('2: another set is written, even if the mask is a subset of it', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  assert.equal(outcomes(pass.enforce(guest(hostdev(A, '2-5')))), ['41 set']);
  assert.equal(pass.written(), ['41=2-3', '41=2-5']);
});

rules('2: a write to one vector does not count for another vector with the same IRQ', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  kernel.enableVectors(A, [42]);
  kernel.move(42, list('3'));
  assert.equal(outcomes(pass.enforce(own)), ['42 set']);
  kernel.enableVectors(A, [41, 42]);
  kernel.move(42, list('3'));
  assert.equal(outcomes(pass.enforce(own)), ['41 set', '42 set'], 'vector 1 had this number once');
});

rules('3: the report has the mask that was read back, not the one that was written', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel, new AfterWrite(kernel, () => kernel.shrink(41, list('3'))));
  const [placed] = interrupts(pass.enforce(own)).values();
  assert.equal([placed?.action, placed?.affinity, placed?.effective, placed?.wanted], ['set', '3', '3', '2-3']);
});

rules('3: a mask that is changed again right after the write is reported as failed', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = simulated(kernel, new AfterWrite(kernel, () => kernel.move(41, list('6'))));
  const [placed] = interrupts(pass.enforce(own)).values();
  assert.equal([placed?.action, placed?.reason], ['fail', 'the kernel changed it to 6']);
  assert.equal([placed?.affinity, placed?.effective], ['6', '6']);
});

rules('3: a delivery outside the mask is reported as failed', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const stray = () => {
    const interrupt = kernel.interrupts.get(41);
    if (interrupt) interrupt.effective = list('7');
  };
  const pass = simulated(kernel, new AfterWrite(kernel, stray));
  const expected = '41 fail: delivered to CPU 7 nevertheless: that CPU set may be out of vectors';
  const report = pass.enforce(own);
  assert.equal(outcomes(report), [expected]);
  assert.equal([...interrupts(report).values()][0]?.affinity, '2-3');
  const later = '41 fail: still delivered to CPU 7: it has not occurred since, or that CPU set is out of vectors';
  assert.equal(outcomes(pass.enforce(own)), [later], 'nothing to write, still failed');
  assert.equal(pass.written(), ['41=2-3']);
});

rules(
  '3: a move that takes effect at the next occurrence, as without interrupt remapping, is reported as pending',
  () => {
    const kernel = hostOf([
      { address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix', deferred: true, effective: '0' }] },
    ]);
    const pass = simulated(kernel);
    const [placed] = interrupts(pass.enforce(own)).values();
    assert.equal([placed?.action, placed?.affinity, placed?.effective], ['set', '2-3', '0']);
    const reason = 'still delivered to CPU 0, until it next occurs';
    assert.is(placed?.reason, reason);
    assert.equal(
      [outcomes(pass.enforce(own)), outcomes(pass.plan(own))],
      [[`41 keep: ${reason}`], [`41 keep: ${reason}`]],
    );
    assert.equal(pass.written(), ['41=2-3'], 'not written again');
    kernel.occur(41);
    assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
    const interrupt = kernel.interrupts.get(41);
    if (interrupt) interrupt.effective = list('0');
    assert.match(
      outcomes(pass.enforce(own))[0] ?? '',
      /^41 fail: still/,
      'it occurred, and was then delivered elsewhere',
    );
  },
);

rules('3: if the kernel does not report the effective affinity, it is null', () => {
  const kernel = hostOf([vfio(A, 41)]);
  class Silent extends SimulatedFs {
    override read(path: string): string | undefined {
      return path.endsWith('effective_affinity') ? undefined : super.read(path);
    }
  }
  const pass = simulated(kernel, new Silent(kernel));
  const [placed] = interrupts(pass.enforce(own)).values();
  assert.equal([placed?.action, placed?.affinity, placed?.effective], ['set', '2-3', null]);
});

rules('3: an IRQ that disappears or goes to another device right after the write is reported as skipped', () => {
  const gone = hostOf([vfio(A, 41)]);
  const vanishing = simulated(gone, new AfterWrite(gone, () => gone.disableVectors(A)));
  assert.equal(outcomes(vanishing.enforce(own)), ['41 skip: it went away']);
  const crossing = hostOf([vfio(A, 41), vfio(B, 43)]);
  const cross = () => {
    crossing.disableVectors(A);
    crossing.enableVectors(B, [41]);
  };
  assert.equal(outcomes(simulated(crossing, new AfterWrite(crossing, cross)).enforce(own)), ['41 skip: it went away']);
  const shared = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }]);
  const share = () => void shared.interrupts.get(16)?.handlers.push('ahci');
  assert.equal(outcomes(simulated(shared, new AfterWrite(shared, share)).enforce(own)), ['16 skip: shared with ahci']);
});

rules('5: a failed write does not prevent writes to other interrupts, of any device', () => {
  for (const code of ['ENOSPC', 'EPERM', 'ENOENT', 'EINVAL', 'EWHATEVER']) {
    const kernel = hostOf([vfio(A, 41, 42), vfio(B, 43)]);
    kernel.failAllWrites(41, code);
    const pass = simulated(kernel);
    const report = pass.enforce(guest(hostdev(A, '2-3') + hostdev(B, '5')));
    assert.equal(
      outcomes(report).map((text) => text.slice(0, 6).trim()),
      [code === 'ENOENT' ? '41 ski' : '41 fai', '42 set', '43 set'],
    );
    assert.equal(pass.written(), ['42=2-3', '43=5']);
  }
});

rules('5: an unreadable interrupt does not prevent writes to others', () => {
  class Unreadable extends SimulatedFs {
    constructor(
      kernel: SimulatedKernel,
      private readonly path: string,
      private reads: number,
    ) {
      super(kernel);
    }
    override read(path: string): string | undefined {
      if (path === this.path && this.reads-- <= 0) throw new FileError('EIO', path);
      return super.read(path);
    }
  }
  for (const [path, before] of [
    ['/proc/irq/41/smp_affinity', 0],
    ['/sys/kernel/irq/41/actions', 1],
    ['/proc/irq/41/effective_affinity', 1],
  ] as const) {
    const kernel = hostOf([vfio(A, 41, 42)]);
    const report = simulated(kernel, new Unreadable(kernel, path, before)).enforce(own);
    assert.equal(outcomes(report), [`41 fail: ${path} cannot be read`, '42 set']);
    assert.is(interrupts(report).get(41)?.error, 'EIO');
  }
});

rules('5: an unreadable device does not prevent writes to others', () => {
  for (const code of ['EIO', 'EACCES']) {
    for (const file of ['irq', 'msi_irqs', 'msi_irqs/41', 'numa_node', 'driver']) {
      const path = `/sys/bus/pci/devices/${A}/${file}`;
      const kernel = hostOf([vfio(A, 41), vfio(B, 43)]);
      let isBroken = false;
      const files = new SimulatedFs(kernel, (_, accessed) => {
        if (isBroken && accessed === path) throw new FileError(code, path);
      });
      const pass = simulated(kernel, files);
      const both = guest(hostdev(A, '2-3') + hostdev(B, '5'));
      isBroken = true;
      const report = pass.enforce(both);
      assert.equal(outcomes(report), ['43 set']);
      assert.equal(
        report.devices.map(({ problems }) => problems.map(({ severity, message }) => `${severity}: ${message}`)),
        [[`error: ${path} cannot be read: ${code}`], []],
      );
      isBroken = false;
      assert.equal(outcomes(pass.enforce(both)), ['41 set', '43 keep']);
      isBroken = true;
      pass.enforce(both);
      isBroken = false;
      const written = Object.keys(pass.host.state.read(UUID)?.written ?? {}).map((key) => key.split(' ')[0]);
      assert.equal(written.sort(), ['41', '43'], 'its writes are still recorded');
      pass.host.state.remove(UUID);
    }
  }
});

rules('7: IRQs are read again at each pass', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  const pass = simulated(kernel);
  pass.enforce(own);
  kernel.disableVectors(A);
  assert.equal(outcomes(pass.enforce(own)), []);
  kernel.enableVectors(A, [51, 41]);
  assert.equal(outcomes(pass.enforce(own)), ['41 set', '51 set']);
  assert.equal(pass.written(), ['41=2-3', '42=2-3', '41=2-3', '51=2-3']);
});

rules.run();
