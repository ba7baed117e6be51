import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readDevice } from '../../src/host/snapshot.js';
import { cpuList, type HostDescription } from './description.js';
import { SimulatedKernel } from './kernel.js';
import { SimulatedFs } from './kernel-fs.js';

const kernels = suite('simulated kernel');

const A = '0000:3b:02.0' as PciAddress;
const B = '0000:af:02.0' as PciAddress;
const HOST: HostDescription = {
  cpus: { present: '0-15' },
  nodes: [
    { node: 0, cpus: '0-7' },
    { node: 1, cpus: '8-15' },
  ],
  devices: [
    { address: A, driver: 'vfio-pci', numaNode: 0, interrupts: [{ irq: 16, type: 'intx' }] },
    { address: B, driver: 'mlx5_vfio_pci', numaNode: 1 },
  ],
};

/** IRQ, type, handlers, mask and effective affinity of a device's interrupts, as src/ reads them. */
function seen(kernel: SimulatedKernel, address: PciAddress): string[] {
  const interrupts = readDevice(new SimulatedFs(kernel), address)?.interrupts ?? [];
  return interrupts.map(({ irq, type, details }) => {
    if (!details) return `${irq} ${type} phantom`;
    const { handlers, affinity, effective } = details;
    return `${irq} ${type} ${handlers.join('+')} ${formatCpuset(affinity)} ${effective ? formatCpuset(effective) : '-'}`;
  });
}

/** Writes a mask; returns the error, or the mask afterwards. */
function write(kernel: SimulatedKernel, irq: number, text: string, file = 'smp_affinity'): string {
  try {
    new SimulatedFs(kernel).openToWrite(`/proc/irq/${irq}/${file}`).write(text);
  } catch (error) {
    assert.instance(error, FileError);
    return (error as FileError).code;
  }
  return formatCpuset(kernel.interrupts.get(irq)?.affinity ?? []);
}

kernels('at the start a device has its line; enabled vectors start near its node', () => {
  const kernel = new SimulatedKernel(HOST);
  assert.equal(seen(kernel, A), [`16 intx vfio-intx(${A}) 0-15 0`]);
  assert.equal(seen(kernel, B), []);
  kernel.enableVectors(A, 2);
  kernel.enableVectors(B, [90], 'msi');
  assert.equal(seen(kernel, A), [`24 msix vfio-msix[0](${A}) 0-7 0`, `25 msix vfio-msix[1](${A}) 0-7 1`]);
  assert.equal(seen(kernel, B), [`90 msi vfio-msi[0](${B}) 8-15 8`]);
  assert.is(new SimulatedFs(kernel).read(`/sys/bus/pci/devices/${A}/irq`), '16\n', 'under MSI-X: the line');
  assert.is(new SimulatedFs(kernel).read(`/sys/bus/pci/devices/${B}/irq`), '90\n', 'under MSI: the first vector');
});

kernels('vectors are removed, and enabled under other IRQs with an initial mask', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40, 41]);
  assert.is(write(kernel, 40, '4'), '2');
  kernel.disableVectors(A);
  assert.equal(seen(kernel, A), [`16 intx vfio-intx(${A}) 0-15 0`]);
  assert.is(write(kernel, 40, '4'), 'ENOENT');
  kernel.enableVectors(A, [50, 51]);
  assert.equal(
    seen(kernel, A).map((line) => line.split(' ')[3]),
    ['0-7', '0-7'],
  );
});

kernels('an IRQ may come back on another device, without the write errors of the old one', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  kernel.failNextWrites(40, 'EBUSY', 'EBUSY');
  kernel.failAllWrites(40, 'EINVAL');
  kernel.disableVectors(A);
  kernel.enableVectors(B, [40]);
  assert.equal(seen(kernel, B), [`40 msix vfio-msix[0](${B}) 8-15 8`]);
  assert.is(write(kernel, 40, '300'), '8-9');
  assert.throws(() => kernel.enableVectors(A, [40]), /IRQ 40 is taken/);
});

kernels('the lowest free IRQs are used, so they move between devices', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, 3);
  kernel.enableVectors(B, 2);
  kernel.disableVectors(A);
  kernel.enableVectors(B, 4);
  const numbers = (address: PciAddress) => seen(kernel, address).map((line) => Number.parseInt(line, 10));
  assert.equal(numbers(B), [24, 25, 26, 27]);
  kernel.enableVectors(A, 1);
  assert.equal(numbers(A), [28]);
});

kernels('a line keeps its mask while vectors are enabled and disabled', () => {
  const kernel = new SimulatedKernel(HOST);
  assert.is(write(kernel, 16, '30'), '4-5');
  kernel.enableVectors(A, 1);
  assert.is(write(kernel, 16, '30'), '4-5', 'its IRQ stays in /proc');
  assert.is(kernel.interrupts.get(16)?.handlers.length, 0);
  kernel.disableVectors(A);
  assert.equal(seen(kernel, A), [`16 intx vfio-intx(${A}) 4-5 4`]);
});

kernels('a phantom vector has only an IRQ until it is requested', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40, 41], 'msix', 1);
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 0-7 0`, '41 msix phantom']);
  const files = new SimulatedFs(kernel);
  assert.is(files.read('/sys/kernel/irq/41/actions'), '');
  assert.is(files.list('/proc/irq/41'), undefined);
  assert.not.ok(files.list('/proc/irq')?.includes('41'));
  assert.is(write(kernel, 41, '1'), 'ENOENT');
  kernel.request(A, 1);
  assert.is(seen(kernel, A)[1], `41 msix vfio-msix[1](${A}) 0-7 1`);
});

kernels('requested again, a vector keeps the part of its mask on its node', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  assert.is(write(kernel, 40, 'f0f0'), '4-7,12-15');
  kernel.request(A, 0);
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 4-7 4`]);
  assert.is(write(kernel, 40, 'f000'), '12-15');
  kernel.request(A, 0);
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 12-15 12`], 'no CPU of its node: unchanged');
  kernel.shrink(40, cpuList('13,20'));
  assert.is(formatCpuset(kernel.interrupts.get(40)?.affinity ?? []), '13');
  kernel.shrink(40, cpuList('1'));
  assert.is(formatCpuset(kernel.interrupts.get(40)?.affinity ?? []), '13', 'a mask is never emptied');
});

kernels('one CPU of the mask handles the interrupt, and keeps it while the mask allows', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  const delivered = (mask: string) => {
    write(kernel, 40, mask);
    return formatCpuset(kernel.interrupts.get(40)?.effective ?? []);
  };
  assert.equal(['c', 'f', 'ff08', 'ff00'].map(delivered), ['2', '2', '3', '8']);
});

kernels("invalid writes fail with the kernel's errors", () => {
  const host: HostDescription = {
    ...HOST,
    cpus: { present: '0-9,12-15', online: '0-9,12', possible: '0-19' },
    devices: [
      { address: A, driver: 'vfio-pci', interrupts: [{ irq: 40, type: 'msix' }] },
      { address: B, driver: 'nvme', interrupts: [{ irq: 41, type: 'msix', managed: true }] },
    ],
  };
  const kernel = new SimulatedKernel(host);
  const before = write(kernel, 40, '7');
  const answers: [text: string, file: string | undefined, answer: string][] = [
    ['e000\n', undefined, 'EINVAL'],
    ['0\n', undefined, 'EINVAL'],
    ['x\n', undefined, 'EINVAL'],
    ['100000\n', undefined, 'EOVERFLOW'],
    ['1,00000000\n', undefined, 'EOVERFLOW'],
    ['0-20\n', 'smp_affinity_list', 'ERANGE'],
    ['^1\n', 'smp_affinity_list', 'EINVAL'],
    ['3-1\n', 'smp_affinity_list', 'EINVAL'],
    ['1\n', 'effective_affinity', 'EACCES'],
    ['1\n', 'nothing', 'ENOENT'],
  ];
  for (const [text, file, answer] of answers) assert.is(write(kernel, 40, text, file), answer, JSON.stringify(text));
  assert.is(formatCpuset(kernel.interrupts.get(40)?.affinity ?? []), before);
  assert.is(write(kernel, 41, '1'), 'EPERM');
  assert.is(write(kernel, 42, '1'), 'ENOENT');
  assert.is(write(kernel, 40, '1001\n'), '0,12');
  assert.is(write(kernel, 40, '2001\n'), '0,13', 'offline CPUs are accepted together with an online one');
  assert.is(write(kernel, 40, '5,8-9\n', 'smp_affinity_list'), '5,8-9');
  assert.equal(
    kernel.writes.map(({ irq, set }) => `${irq} ${formatCpuset(set)}`),
    ['40 0-2', '40 0,12', '40 0,13', '40 5,8-9'],
  );
  const older = new SimulatedKernel({ ...host, kernel: '6.1' });
  assert.is(write(older, 41, '1'), 'EIO');
});

kernels('simulated errors: of the next writes, or of all', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  kernel.failNextWrites(40, 'EBUSY', 'EAGAIN');
  kernel.failNextWrites(40, 'ENOSPC');
  assert.equal(
    [1, 2, 3, 4].map(() => write(kernel, 40, '2')),
    ['EBUSY', 'EAGAIN', 'ENOSPC', '1'],
  );
  for (const code of ['EINVAL', 'EPERM', 'EIO', 'ERANGE', 'EOVERFLOW', 'EACCES', 'EROFS', 'ENOENT']) {
    kernel.failAllWrites(40, code);
    assert.is(write(kernel, 40, '4'), code);
    assert.is(write(kernel, 40, '4'), code);
  }
  kernel.failAllWrites(40);
  assert.is(write(kernel, 40, '4'), '2');
});

kernels('CPUs without free vectors: ENOSPC for a write, delivery outside the mask for a new vector', () => {
  const kernel = new SimulatedKernel({ ...HOST, vectorsPerCpu: 1, defaultAffinity: '0-1' });
  assert.equal(seen(kernel, A), [`16 intx vfio-intx(${A}) 0-1 0`]);
  kernel.enableVectors(B, [40, 41]);
  assert.equal(seen(kernel, B), [`40 msix vfio-msix[0](${B}) 0-1 1`, `41 msix vfio-msix[1](${B}) 0-1 2`]);
  assert.is(write(kernel, 41, '2'), 'ENOSPC');
  assert.is(seen(kernel, B)[1], `41 msix vfio-msix[1](${B}) 0-1 2`, 'unchanged');
  assert.is(write(kernel, 40, '8'), '3');
  assert.is(write(kernel, 41, '2'), '1', 'the first one has freed its vector');
});

kernels('CPUs that have no vector for one interrupt: ENOSPC, unless it is on one of them or may go elsewhere', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40, 41]);
  kernel.fill(40, cpuList('1-2'));
  assert.is(write(kernel, 40, '2'), 'ENOSPC');
  assert.is(write(kernel, 41, '2'), '1');
  assert.is(write(kernel, 40, 'a'), '1,3');
  kernel.move(40, cpuList('1'));
  assert.is(write(kernel, 40, '6'), '1-2', 'it stays on its CPU');
  kernel.move(40, cpuList('3'));
  kernel.failAllWrites(40);
  assert.is(write(kernel, 40, '2'), '1');
});

kernels('a host without free vectors cannot enable vectors', () => {
  const kernel = new SimulatedKernel({ ...HOST, cpus: { present: '0-7' }, nodes: [], vectorsPerCpu: 1 });
  kernel.enableVectors(A, 8);
  assert.throws(() => kernel.enableVectors(B, 1), /out of interrupt vectors/);
});

kernels('when the last CPU of a mask goes offline, all other CPUs are set, also after it returns', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40, 41]);
  write(kernel, 40, '8');
  write(kernel, 41, '18');
  kernel.setOnline(3, false);
  const [first = '', second = ''] = seen(kernel, A);
  assert.match(first, / 0-2,4-15 \d+$/);
  assert.match(second, / 3-4 4$/);
  const files = new SimulatedFs(kernel);
  assert.is(files.read('/sys/devices/system/cpu/online'), '0-2,4-15\n');
  assert.is(files.read('/sys/devices/system/node/node0/cpulist'), '0-2,4-7\n');
  assert.is(write(kernel, 40, '8'), 'EINVAL');
  kernel.setOnline(3, true);
  assert.match(seen(kernel, A).join(), /^40 [^,]* 0-2,4-15 \d+,41 /);
  assert.is(write(kernel, 40, '8'), '3');
});

kernels('the last online CPU cannot go offline', () => {
  const kernel = new SimulatedKernel({ cpus: { present: '0-1' }, devices: [] });
  kernel.setOnline(1, false);
  assert.throws(() => kernel.setOnline(0, false), /last one online/);
});

kernels('a managed interrupt is shut down while its CPUs are offline', () => {
  const interrupts = [{ irq: 60, type: 'msix' as const, managed: true, affinity: '3', effective: '3' }];
  const kernel = new SimulatedKernel({ ...HOST, devices: [{ address: A, driver: 'nvme', interrupts }] });
  kernel.setOnline(3, false);
  assert.equal(seen(kernel, A), ['60 msix nvme-0 3 -']);
  kernel.setOnline(3, true);
  assert.equal(seen(kernel, A), ['60 msix nvme-0 3 3']);
});

kernels('a line may be shared by devices, and with the host', () => {
  const kernel = new SimulatedKernel({
    ...HOST,
    interrupts: [{ irq: 16, handlers: ['i801_smbus'] }],
    devices: [
      { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] },
      { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] },
    ],
  });
  assert.equal(seen(kernel, A), [`16 intx i801_smbus+vfio-intx(${A})+vfio-intx(${B}) 0-15 0`]);
  kernel.bind(B, 'ahci');
  assert.equal(seen(kernel, A), [`16 intx i801_smbus+vfio-intx(${A})+ahci 0-15 0`]);
  kernel.detach(B);
  assert.equal(seen(kernel, A), [`16 intx i801_smbus+vfio-intx(${A}) 0-15 0`]);
  assert.is(readDevice(new SimulatedFs(kernel), B), undefined);
});

kernels("a device goes back to the host's driver with the same IRQs", () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  kernel.bind(A, 'mlx5_core');
  kernel.enableVectors(A, [40]);
  assert.is(new SimulatedFs(kernel).link(`/sys/bus/pci/devices/${A}/driver`), 'mlx5_core');
  assert.equal(seen(kernel, A), ['40 msix mlx5_core-0 0-7 0']);
  kernel.bind(A, undefined);
  assert.is(new SimulatedFs(kernel).link(`/sys/bus/pci/devices/${A}/driver`), undefined);
  assert.equal(seen(kernel, A), ['16 intx  0-15 -']);
});

kernels('a deferred interrupt moves when it occurs', () => {
  const interrupts = [{ irq: 40, type: 'msix' as const, deferred: true, effective: '1' }];
  const kernel = new SimulatedKernel({ ...HOST, devices: [{ address: A, driver: 'vfio-pci', interrupts }] });
  kernel.occur(40, 5);
  write(kernel, 40, '10');
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 4 1`]);
  kernel.occur(40);
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 4 4`]);
  assert.equal(kernel.interrupts.get(40)?.counts, { 1: 5, 4: 1 });
});

kernels('another program moves an interrupt', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  kernel.move(40, cpuList('9'));
  assert.equal(seen(kernel, A), [`40 msix vfio-msix[0](${A}) 9 9`]);
  assert.equal(kernel.writes, []);
});

kernels('QEMU processes start, stop, and are pinned', () => {
  const kernel = new SimulatedKernel(HOST);
  const uuid = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';
  const files = new SimulatedFs(kernel);
  const { processes } = kernel;
  processes.start({ name: 'a,b', uuid, pid: 42, vcpus: [{ vcpu: 0, cpus: '0-15' }] });
  processes.pin(uuid, 0, '3');
  processes.pin(uuid, 1, '4');
  assert.equal(files.list('/run/libvirt/qemu'), ['a,b.pid']);
  assert.is(files.read('/run/libvirt/qemu/a,b.pid'), '42\n');
  assert.match(files.read('/proc/42/cmdline') ?? '', /\0guest=a,,b,debug-threads=on\0/);
  assert.is(files.read('/proc/42/task/44/comm'), 'CPU 1/KVM\n');
  assert.match(files.read('/proc/42/task/44/status') ?? '', /^Cpus_allowed_list:\t4$/m);
  processes.stop(uuid);
  assert.equal(files.list('/run/libvirt/qemu'), []);
  assert.is(files.list('/proc/42'), undefined);
});

kernels("missing and rejected paths have the kernel's errors", () => {
  const files = new SimulatedFs(new SimulatedKernel(HOST));
  assert.is(files.read('/proc/irq/016/smp_affinity'), undefined, 'an IRQ has one notation');
  assert.is(files.read('/proc/irq/16/smp_affinity/x'), undefined);
  assert.is(files.list('/proc/irq/16/smp_affinity'), undefined);
  assert.is(files.read('/constructor'), undefined);
  assert.is(files.read('/sys/bus/pci/devices/__proto__/irq'), undefined);
  assert.throws(() => files.read('/proc/irq'), /EISDIR/);
  assert.throws(() => files.link('/proc/irq/16/smp_affinity'), /EINVAL/);
  assert.throws(() => files.openToWrite('/proc/interrupts').write(''), /EACCES/);
});

kernels('a line is freed with its last device, whose irq file still names it, and gets another IRQ later', () => {
  const line = (address: string) => ({ address, interrupts: [{ irq: 16, type: 'intx' as const }] });
  const kernel = new SimulatedKernel({ ...HOST, devices: [line(A), line(B)] });
  const files = new SimulatedFs(kernel);
  const of = (address: string, file: string) => files.read(`/sys/bus/pci/devices/${address}/${file}`)?.trim();
  kernel.bind(A, 'ahci');
  kernel.bind(B, 'ehci_hcd');
  const of16 = (file: string) => files.read(`/sys/kernel/irq/16/${file}`)?.trim();
  assert.equal(['chip_name', 'hwirq', 'type'].map(of16), ['IO-APIC', '16', 'level']);
  assert.is(of(A, 'enable'), '1');
  kernel.freeLine(A);
  assert.equal([of(A, 'enable'), of(A, 'irq'), of16('actions')], ['0', '16', 'ehci_hcd'], 'B still uses it');
  kernel.bind(A, 'ahci');
  assert.equal(of16('actions'), 'ehci_hcd,ahci');
  kernel.freeLine(A);
  kernel.freeLine(B);
  assert.equal([of(A, 'irq'), of(B, 'irq'), of16('actions')], ['16', '16', undefined]);
  kernel.attach({ address: '0000:b0:00.0', driver: 'nvme', interrupts: [{ irq: 16, type: 'msix' }] });
  assert.equal(['chip_name', 'hwirq', 'type'].map(of16), ['PCI-MSIX', '0', 'edge']);
  kernel.bind(B, 'ehci_hcd');
  const irq = of(B, 'irq');
  assert.equal([irq, files.read(`/sys/kernel/irq/${irq}/hwirq`)], ['24', '16\n']);
  kernel.bind(A, 'ahci');
  assert.is(of(A, 'irq'), '24', 'the same input has the same IRQ');
});

kernels('a callback runs before each access', () => {
  const kernel = new SimulatedKernel(HOST);
  kernel.enableVectors(A, [40]);
  const files = new SimulatedFs(kernel, (operation) => {
    if (operation === 'write') kernel.detach(A);
  });
  assert.ok(files.read('/proc/irq/40/smp_affinity'));
  assert.throws(() => files.openToWrite('/proc/irq/40/smp_affinity').write('1\n'), /ENOENT/);
});

kernels.run();
