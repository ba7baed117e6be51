import fc from 'fast-check';
import { cpusetOf, cpusOf, formatCpuset } from '../../src/domain/cpuset.js';
import { cpuList, type DeviceDescription, type HostDescription } from './description.js';

type Interrupt = NonNullable<DeviceDescription['interrupts']>[number];

/** Some of these CPUs, at least one, as a list. */
function someOf(cpus: readonly number[]): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.constantFrom(...cpus), { minLength: 1, maxLength: 12 })
    .map((list) => formatCpuset(cpusetOf(list)));
}

/** An interrupt without its IRQ, which must be unique. */
function interrupts(cpus: readonly number[]): fc.Arbitrary<Omit<Interrupt, 'irq'>[]> {
  const one = fc.record(
    {
      affinity: someOf(cpus),
      effective: fc.constantFrom(...cpus).map(String),
      managed: fc.boolean(),
      deferred: fc.boolean(),
      counts: fc.dictionary(fc.constantFrom(...cpus).map(String), fc.nat(4294967295), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      handlers: fc.uniqueArray(fc.constantFrom('acpi', 'nvme0q1', 'eth0-TxRx-0', 'a b', 'mlx5@pci:0000:3b:00.0'), {
        maxLength: 2,
      }),
    },
    { requiredKeys: [] },
  );
  const kind = fc.constantFrom('msix' as const, 'msi' as const);
  return fc
    .tuple(kind, fc.array(one, { maxLength: 4 }), fc.option(one, { nil: undefined }))
    .map(([type, vectors, line]) => [
      ...vectors.map((vector) => ({ type, ...vector })),
      ...(line ? [{ type: 'intx' as const, ...line }] : []),
    ]);
}

const uuidOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const driver = fc.constantFrom('vfio-pci', 'mlx5_vfio_pci', 'iavf', undefined);
const name = fc.constantFrom('guest', 'a,b', 'name with spaces', 'ünïcode', '-', 'a.pid');

/** Random hosts of up to 1,024 CPUs with gaps, nodes without CPUs, devices without a node, and shared lines. */
export const descriptions: fc.Arbitrary<HostDescription> = fc
  .tuple(fc.integer({ min: 1, max: 1024 }), fc.nat(1000))
  .chain(([width, seed]) => {
    const all = Array.from({ length: width }, (_, cpu) => cpu);
    const present = all.filter((cpu) => cpu === 0 || (cpu * 7919 + seed) % 11 > 0);
    const online = present.filter((cpu) => cpu === 0 || (cpu * 104729 + seed) % 13 > 0);
    const halves = [present.filter((cpu) => cpu % 2 === 0), present.filter((cpu) => cpu % 2 === 1), []];
    const text = (cpus: number[]) => formatCpuset(cpusetOf(cpus));
    const device = fc.tuple(driver, fc.constantFrom(-1, 0, 1, 2, undefined), interrupts(present));
    const domain = fc.tuple(fc.uniqueArray(name, { maxLength: 3 }), fc.array(someOf(present), { maxLength: 4 }));
    const rest = fc.record(
      { kernel: fc.constantFrom('6.1', '6.12', '6.12.3'), effectiveAffinity: fc.boolean() },
      { requiredKeys: [] },
    );
    return fc
      .tuple(rest, fc.array(device, { maxLength: 5 }), domain, someOf(present))
      .map(([settings, devices, [names, vcpus], birth]) => {
        let irq = 30;
        return {
          ...settings,
          cpus: { present: text(present), online: text(online), possible: text(all) },
          nodes: halves.map((cpus, node) => ({ node, cpus: text(cpus) })),
          ...(cpusOverlap(birth, online) ? { defaultAffinity: birth } : {}),
          devices: devices.map(([bound, numaNode, described], index) => ({
            address: `0000:06:${index.toString(16).padStart(2, '0')}.0`,
            ...(bound === undefined ? {} : { driver: bound }),
            ...(numaNode === undefined ? {} : { numaNode }),
            // All lines are the same one.
            interrupts: described.map((interrupt) => ({ irq: interrupt.type === 'intx' ? 16 : irq++, ...interrupt })),
          })),
          interrupts: [{ irq: 9, handlers: ['acpi'] }],
          domains: names.map((guest, index) => ({
            name: guest,
            uuid: uuidOf(index),
            pid: 1000 + index * 100,
            vcpus: vcpus.map((cpus, vcpu) => ({ vcpu, cpus })),
          })),
          processes: [{ pid: 7, command: 'irqbalance', arguments: ['--foreground', '--banirq', '9', ''] }],
        };
      });
  });

function cpusOverlap(list: string, cpus: readonly number[]): boolean {
  return [...cpusOf(cpuList(list))].some((cpu) => cpus.includes(cpu));
}

/** A host of many domains, each with its own device and QEMU. */
export function largeHost(domains: number, vectors: number): HostDescription {
  const cpusOfDomain = (index: number) => `${(index * 4) % 1024}-${((index * 4) % 1024) + 3}`;
  const indices = Array.from({ length: domains }, (_, index) => index);
  const addressOf = (index: number) =>
    `0000:${(index >> 5).toString(16).padStart(2, '0')}:${(index & 31).toString(16).padStart(2, '0')}.0`;
  return {
    cpus: { present: '0-1023' },
    nodes: [0, 1].map((node) => ({ node, cpus: `${node * 512}-${node * 512 + 511}` })),
    devices: indices.map((index) => ({
      address: addressOf(index),
      driver: 'vfio-pci',
      numaNode: index % 2,
      interrupts: Array.from({ length: vectors }, (_, vector) => ({
        irq: 100 + index * vectors + vector,
        type: 'msix' as const,
      })),
    })),
    domains: indices.map((index) => ({
      name: `guest-${index}`,
      uuid: uuidOf(index),
      pid: 10_000 + index * 100,
      vcpus: [0, 1].map((vcpu) => ({ vcpu, cpus: cpusOfDomain(index) })),
    })),
  };
}
