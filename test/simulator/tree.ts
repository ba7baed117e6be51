import { cpusOf, formatCpuset, intersect, union } from '../../src/domain/cpuset.js';
import { cpuList, type DomainDescription, type ProcessDescription } from './description.js';
import type { SimulatedDevice } from './device.js';
import type { SimulatedKernel } from './kernel.js';
import { CHIPS, interruptTable } from './proc-interrupts.js';
import type { SimulatedInterrupt } from './vector-allocator.js';

/** A folder whose members are generated at each access: a kernel has many, and their content changes. */
export interface Folder {
  names(): string[];
  get(name: string): Node | undefined;
}
export type Node = string | { link: string } | Folder;

export function isFolder(node: Node | undefined): node is Folder {
  return typeof node === 'object' && 'names' in node;
}

/** All files that src/host reads, from the root down. */
export function tree(kernel: SimulatedKernel): Folder {
  const pci = fixed({ devices: () => each(kernel.devices, String, (device) => deviceFolder(kernel, device)) });
  const system = fixed({ cpu: () => cpuFolder(kernel), node: () => nodes(kernel) });
  const irqs = () => each(kernel.interrupts, Number, (interrupt) => descriptor(kernel, interrupt));
  const vfioDevices = () => [...kernel.devices.values()].filter(({ isVfio }) => isVfio);
  const vfio = () => fixed(Object.fromEntries(vfioDevices().map((device) => [cdev(device), () => fixed({})])));
  const sys = fixed({
    class: () => fixed({ 'vfio-dev': vfio }),
    bus: () => fixed({ pci: () => pci }),
    kernel: () => fixed({ irq: irqs }),
    devices: () => fixed({ system: () => system }),
  });
  const proc = procFolder(kernel);
  const libvirt = fixed({ qemu: () => pidFiles(kernel) });
  return fixed({ sys: () => sys, proc: () => proc, run: () => fixed({ libvirt: () => libvirt }) });
}

function fixed(members: Record<string, (() => Node) | undefined>): Folder {
  const get = (name: string) => (Object.hasOwn(members, name) ? members[name]?.() : undefined);
  return { names: () => Object.keys(members).filter((name) => members[name]), get };
}

/** One member per key. `key` parses a file name; a name that is not the exact text of a key is absent. */
function each<K extends string | number, T>(
  members: ReadonlyMap<K, T>,
  key: (name: string) => K,
  node: (member: T) => Node | undefined,
): Folder {
  const get = (name: string) => {
    const member = members.get(key(name));
    return member === undefined || `${key(name)}` !== name ? undefined : node(member);
  };
  return { names: () => [...members.keys()].map(String), get };
}

function deviceFolder(kernel: SimulatedKernel, device: SimulatedDevice): Folder {
  const { driver, numaNode, line, vectors, isVfio, iommuGroup } = device;
  const type = kernel.interrupts.get(vectors[0] ?? -1)?.type;
  const messages = new Map(vectors.map((irq) => [irq, irq]));
  return fixed({
    enable: () => `${driver === undefined ? 0 : 1}\n`,
    irq: () => `${(type === 'msi' ? vectors[0] : line) ?? 0}\n`,
    numa_node: () => `${numaNode ?? -1}\n`,
    driver: driver === undefined ? undefined : () => ({ link: driver }),
    iommu_group: iommuGroup === undefined ? undefined : () => ({ link: `${iommuGroup}` }),
    'vfio-dev': isVfio ? () => fixed({ [cdev(device)]: () => fixed({}) }) : undefined,
    msi_irqs: type === undefined ? undefined : () => each(messages, Number, () => `${type}\n`),
  });
}

/** A folder of /sys/kernel/irq: the kernel has one for phantom vectors, too. */
function descriptor(kernel: SimulatedKernel, { type, input, handlers, counts }: SimulatedInterrupt): Folder {
  return fixed({
    chip_name: () => `${CHIPS[type]}\n`,
    hwirq: () => `${input}\n`,
    type: () => (type === 'intx' ? 'level\n' : 'edge\n'),
    actions: () => (handlers.length > 0 ? `${handlers.join(',')}\n` : ''),
    per_cpu_count: () => `${[...cpusOf(kernel.possible)].map((cpu) => counts[cpu] ?? 0).join(',')}\n`,
  });
}

function procFolder(kernel: SimulatedKernel): Folder {
  const irq = irqFolder(kernel);
  const { byPid, others } = kernel.processes;
  const files = fixed({ irq: () => irq, interrupts: () => interruptTable(kernel) });
  const qemus = each(byPid, Number, (domain) => qemuFolder(kernel, domain));
  const processes = each(others, Number, processFolder);
  const parts = [files, qemus, processes];
  return {
    names: () => parts.flatMap((part) => part.names()),
    get: (name) => files.get(name) ?? qemus.get(name) ?? processes.get(name),
  };
}

function irqFolder(kernel: SimulatedKernel): Folder {
  const { masks, hasEffectiveAffinity } = kernel;
  const registered = ({ affinity, effective, handlers }: SimulatedInterrupt): Folder =>
    fixed({
      smp_affinity: () => `${masks.print(affinity)}\n`,
      smp_affinity_list: () => `${formatCpuset(affinity)}\n`,
      effective_affinity: hasEffectiveAffinity ? () => `${masks.print(effective)}\n` : undefined,
      effective_affinity_list: hasEffectiveAffinity ? () => `${formatCpuset(effective)}\n` : undefined,
      ...Object.fromEntries(handlers.map((handler) => [handler, () => fixed({})])),
    });
  const folders = each(kernel.interrupts, Number, (one) => (one.registered ? registered(one) : undefined));
  const defaultMask = () => `${masks.print(kernel.defaultAffinity)}\n`;
  return {
    names: () => ['default_smp_affinity', ...folders.names().filter((name) => folders.get(name))],
    get: (name) => (name === 'default_smp_affinity' ? defaultMask() : folders.get(name)),
  };
}

function cpuFolder(kernel: SimulatedKernel): Folder {
  return fixed({
    online: () => `${formatCpuset(kernel.online)}\n`,
    present: () => `${formatCpuset(kernel.present)}\n`,
    possible: () => `${formatCpuset(kernel.possible)}\n`,
  });
}

/** cpulist contains only online CPUs (kernel: drivers/base/node.c). */
function nodes(kernel: SimulatedKernel): Folder {
  const byName = new Map(kernel.nodes.map(({ node, cpus }) => [`node${node}`, cpus]));
  const cpulist = (cpus: Parameters<typeof intersect>[0]) => `${formatCpuset(intersect(cpus, kernel.online))}\n`;
  return each(byName, String, (cpus) => fixed({ cpulist: () => cpulist(cpus) }));
}

function pidFiles({ processes }: SimulatedKernel): Folder {
  const { byName } = processes;
  return {
    names: () => [...byName.keys()].map((name) => `${name}.pid`),
    get: (file) => {
      const domain = file.endsWith('.pid') ? byName.get(file.slice(0, -4)) : undefined;
      return domain && `${domain.pid}\n`;
    },
  };
}

function qemuFolder(kernel: SimulatedKernel, domain: DomainDescription): Folder {
  const { name, uuid, pid, open } = domain;
  const guest = `guest=${name.replaceAll(',', ',,')},debug-threads=on`;
  const words = ['/usr/bin/qemu-system-x86_64', '-name', guest, '-uuid', uuid, ''];
  const threads = vcpuThreads(domain);
  const tasks = new Map<number, () => Folder>([[pid, () => thread(MAIN_THREAD, threads.length + 1)]]);
  threads.forEach(({ comm, cpus }, index) => {
    tasks.set(pid + 1 + index, () => thread(comm, threads.length + 1, cpus));
  });
  return fixed({
    comm: () => `${MAIN_THREAD}\n`,
    cmdline: () => words.join('\0'),
    fd: open && (() => each(descriptors(kernel, open), Number, ({ target }) => ({ link: target }))),
    fdinfo: open && (() => each(descriptors(kernel, open), Number, ({ info }) => info)),
    task: () => each(tasks, Number, (task) => task()),
  });
}

function vcpuThreads({ vcpus, threadNames }: DomainDescription): { comm: string; cpus: string }[] {
  if (threadNames === 'single') {
    return [{ comm: 'ALL CPUs/TCG', cpus: formatCpuset(union(...vcpus.map(({ cpus }) => cpuList(cpus)))) }];
  }
  return vcpus.map(({ vcpu, cpus }) => ({ comm: threadNames === 'none' ? MAIN_THREAD : `CPU ${vcpu}/KVM`, cpus }));
}

/** QEMU's descriptors: the group of each device, or the device itself if it has none (kernel: drivers/vfio). */
function descriptors(kernel: SimulatedKernel, open: readonly string[]) {
  const targets = open.flatMap((address) => {
    const device = kernel.devices.get(address);
    if (!device) return [];
    const { iommuGroup: group } = device;
    return group === undefined
      ? `/dev/vfio/devices/${cdev(device)}`
      : [`/dev/vfio/${group}`, 'anon_inode:[vfio-device]'];
  });
  const others = [
    '/dev/null',
    'socket:[4711]',
    'anon_inode:kvm-vcpu:0',
    'anon_inode:[eventfd]',
    'anon_inode:[eventfd]',
  ];
  const all = [...others, ...targets].map((target) => ({ target, info: 'pos:\t0\nflags:\t02\n' }));
  return new Map(all.map((one, fd) => [fd, one]));
}

const MAIN_THREAD = 'qemu-system-x86';
/** Name of its character device. */
const cdev = ({ address }: SimulatedDevice) => `vfio${Number.parseInt(address.replace(/[:.]/g, ''), 16)}`;

/** Each word of a command line ends with a NUL. */
function processFolder({ command, arguments: words = [] }: ProcessDescription): Folder {
  return fixed({ comm: () => `${command}\n`, cmdline: () => [command, ...words, ''].join('\0') });
}

function thread(comm: string, count: number, allowed?: string): Folder {
  const list = allowed === undefined ? '' : `Cpus_allowed_list:\t${allowed}\n`;
  return fixed({ comm: () => `${comm}\n`, status: () => `Name:\t${comm}\nThreads:\t${count}\n${list}` });
}
