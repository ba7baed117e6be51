import { cpusOf, formatCpuset, intersect, union } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';
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
  const devices = each(kernel.devices, String, (device) => deviceFolder(kernel, device));
  const pci = fixed({ devices: () => devices });
  const bus = fixed({ pci: () => pci });
  const [cpu, node] = [cpuFolder(kernel), nodes(kernel)];
  const system = fixed({ cpu: () => cpu, node: () => node });
  const irqs = each(kernel.interrupts, Number, (interrupt) => descriptor(kernel, interrupt));
  const kernelFolder = fixed({ irq: () => irqs, iommu_groups: () => iommuGroups(kernel) });
  const systemDevices = fixed({ system: () => system });
  const vfioClass = fixed({ 'vfio-dev': () => vfioDevices(kernel), vfio: () => vfioGroups(kernel) });
  const sys = fixed({
    class: () => vfioClass,
    bus: () => bus,
    kernel: () => kernelFolder,
    devices: () => systemDevices,
  });
  const proc = procFolder(kernel);
  const pids = pidFiles(kernel);
  const libvirt = fixed({ qemu: () => pids });
  const run = fixed({ libvirt: () => libvirt });
  return withFiles(fixed({ sys: () => sys, proc: () => proc, run: () => run }), kernel.files, '');
}

/** A folder with further files below it. @param at the folder's path */
function withFiles(folder: Folder, files: ReadonlyMap<string, string>, at: string): Folder {
  const below = [...files.keys()].filter((path) => path.startsWith(`${at}/`));
  if (below.length === 0) return folder;
  const added = new Set(below.map((path) => path.slice(at.length + 1).split('/')[0] as string));
  return {
    names: () => [...new Set([...folder.names(), ...added])],
    get(name) {
      const [found, path] = [folder.get(name), `${at}/${name}`];
      if (!added.has(name)) return found;
      const text = files.get(path);
      return text === undefined ? withFiles(isFolder(found) ? found : EMPTY_FOLDER, files, path) : `${text}\n`;
    },
  };
}

/** A directory with fixed members. */
class FixedFolder implements Folder {
  constructor(private readonly members: Readonly<Record<string, () => Node>>) {}

  names(): string[] {
    return Object.keys(this.members);
  }

  get(name: string): Node | undefined {
    return Object.hasOwn(this.members, name) ? this.members[name]?.() : undefined;
  }
}

const fixed = (members: Readonly<Record<string, () => Node>>): Folder => new FixedFolder(members);

/** One member per key. `key` parses a file name; a name that is not the exact text of a key is absent. */
class KeyedFolder<K extends string | number, T> implements Folder {
  constructor(
    private readonly members: ReadonlyMap<K, T>,
    private readonly key: (name: string) => K,
    private readonly node: (member: T) => Node | undefined,
  ) {}

  names(): string[] {
    return [...this.members.keys()].map(String);
  }

  get(name: string): Node | undefined {
    const key = this.key(name);
    const member = this.members.get(key);
    return member === undefined || `${key}` !== name ? undefined : this.node(member);
  }
}

function each<K extends string | number, T>(
  members: ReadonlyMap<K, T>,
  key: (name: string) => K,
  node: (member: T) => Node | undefined,
): Folder {
  return new KeyedFolder(members, key, node);
}

/** Members of a folder by name: each makes one from the subject, undefined if it does not have it. */
type Members<T> = Readonly<Record<string, (subject: T) => Node | undefined>>;

/**
 * A folder whose members depend on a subject alone. Making one costs little: a host has thousands, and each access
 * makes some.
 */
class SubjectFolder<T> implements Folder {
  constructor(
    private readonly members: Members<T>,
    private readonly subject: T,
  ) {}

  names(): string[] {
    return Object.keys(this.members).filter((name) => this.get(name) !== undefined);
  }

  get(name: string): Node | undefined {
    return Object.hasOwn(this.members, name) ? this.members[name]?.(this.subject) : undefined;
  }
}

const DEVICE: Members<{ kernel: SimulatedKernel; device: SimulatedDevice }> = {
  enable: ({ device }) => `${device.driver === undefined ? 0 : 1}\n`,
  irq: ({ kernel, device }) => `${(messageType(kernel, device) === 'msi' ? device.vectors[0] : device.line) ?? 0}\n`,
  numa_node: ({ device }) => `${device.numaNode ?? -1}\n`,
  driver: ({ device }) => (device.driver === undefined ? undefined : { link: device.driver }),
  iommu_group: ({ device: { iommuGroup } }) =>
    iommuGroup === undefined ? undefined : { link: `../../../../kernel/iommu_groups/${iommuGroup}` },
  'vfio-dev': ({ device }) => (device.isVfio ? fixed({ [cdev(device)]: () => EMPTY }) : undefined),
  msi_irqs: ({ kernel, device }) => {
    const type = messageType(kernel, device);
    return type === undefined ? undefined : new MessageFolder(device.vectors, `${type}\n`);
  },
};

/** A file for each vector, which contains the type. */
class MessageFolder implements Folder {
  constructor(
    private readonly irqs: readonly number[],
    private readonly type: string,
  ) {}

  names(): string[] {
    return this.irqs.map(String);
  }

  get(name: string): Node | undefined {
    return this.irqs.includes(Number(name)) && `${Number(name)}` === name ? this.type : undefined;
  }
}

function messageType(kernel: SimulatedKernel, { vectors }: SimulatedDevice): InterruptType | undefined {
  return kernel.interrupts.get(vectors[0] ?? -1)?.type;
}

function deviceFolder(kernel: SimulatedKernel, device: SimulatedDevice): Folder {
  return new SubjectFolder(DEVICE, { kernel, device });
}

/** A folder of /sys/kernel/irq: the kernel has one for phantom vectors, too. */
const DESCRIPTOR: Members<{ kernel: SimulatedKernel; one: SimulatedInterrupt }> = {
  chip_name: ({ one }) => `${CHIPS[one.type]}\n`,
  hwirq: ({ one }) => `${one.input}\n`,
  type: ({ one }) => (one.type === 'intx' ? 'level\n' : 'edge\n'),
  actions: ({ one }) => (one.handlers.length > 0 ? `${one.handlers.join(',')}\n` : ''),
  per_cpu_count: ({ kernel, one }) => `${[...cpusOf(kernel.possible)].map((cpu) => one.counts[cpu] ?? 0).join(',')}\n`,
};

function descriptor(kernel: SimulatedKernel, one: SimulatedInterrupt): Folder {
  return new SubjectFolder(DESCRIPTOR, { kernel, one });
}

/** A folder of /proc/irq, which has one for each handler. */
class RegisteredFolder implements Folder {
  constructor(
    private readonly kernel: SimulatedKernel,
    private readonly one: SimulatedInterrupt,
  ) {}

  names(): string[] {
    const effective = this.kernel.hasEffectiveAffinity ? ['effective_affinity', 'effective_affinity_list'] : [];
    return ['smp_affinity', 'smp_affinity_list', ...effective, ...this.one.handlers];
  }

  get(name: string): Node | undefined {
    const { masks, hasEffectiveAffinity } = this.kernel;
    const { affinity, effective, handlers } = this.one;
    if (name === 'smp_affinity') return `${masks.print(affinity)}\n`;
    if (name === 'smp_affinity_list') return `${formatCpuset(affinity)}\n`;
    if (name === 'effective_affinity') return hasEffectiveAffinity ? `${masks.print(effective)}\n` : undefined;
    if (name === 'effective_affinity_list') return hasEffectiveAffinity ? `${formatCpuset(effective)}\n` : undefined;
    return handlers.includes(name) ? EMPTY_FOLDER : undefined;
  }
}

const EMPTY_FOLDER: Folder = { names: () => [], get: () => undefined };

function procFolder(kernel: SimulatedKernel): Folder {
  const irq = irqFolder(kernel);
  const { byPid, others } = kernel.processes;
  const files = fixed({ irq: () => irq, interrupts: () => interruptTable(kernel) });
  const qemus = each(byPid, Number, (domain) => qemuFolder(kernel, domain));
  const first = fixed({ 1: () => fixed({ ns: () => namespaces(true) }) });
  const processes = each(others, Number, processFolder);
  const parts = [files, first, qemus, processes];
  return {
    names: () => parts.flatMap((part) => part.names()),
    get: (name) => files.get(name) ?? first.get(name) ?? qemus.get(name) ?? processes.get(name),
  };
}

function irqFolder(kernel: SimulatedKernel): Folder {
  return new IrqFolder(kernel);
}

/** /proc/irq. */
class IrqFolder implements Folder {
  constructor(private readonly kernel: SimulatedKernel) {}

  names(): string[] {
    const registered = [...this.kernel.interrupts.values()].filter((one) => one.registered);
    return ['default_smp_affinity', ...registered.map(({ irq }) => `${irq}`)];
  }

  get(name: string): Node | undefined {
    const { kernel } = this;
    if (name === 'default_smp_affinity') return `${kernel.masks.print(kernel.defaultAffinity)}\n`;
    const one = kernel.interrupts.get(Number(name));
    return one?.registered && `${one.irq}` === name ? new RegisteredFolder(kernel, one) : undefined;
  }
}

function cpuFolder(kernel: SimulatedKernel): Folder {
  const files = fixed({
    online: () => `${formatCpuset(kernel.online)}\n`,
    present: () => `${formatCpuset(kernel.present)}\n`,
    possible: () => `${formatCpuset(kernel.possible)}\n`,
  });
  const present = kernel.threadsPerCore === undefined ? [] : [...cpusOf(kernel.present)].map((cpu) => `cpu${cpu}`);
  const members = new Map(
    present.map((name) => [name, fixed({ topology: () => coreFolder(kernel, Number(name.slice(3))) })]),
  );
  return { names: () => [...files.names(), ...present], get: (name) => files.get(name) ?? members.get(name) };
}

/** A CPU that is offline has none of the files (kernel: drivers/base/topology.c). */
function coreFolder(kernel: SimulatedKernel, cpu: number): Folder {
  const core = kernel.coreOf(cpu);
  return core ? fixed({ thread_siblings_list: () => `${formatCpuset(core)}\n` }) : EMPTY_FOLDER;
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

const QEMU: Members<{ kernel: SimulatedKernel; domain: DomainDescription }> = {
  comm: () => `${MAIN_THREAD}\n`,
  cmdline: ({ domain: { name, uuid } }) => {
    const guest = `guest=${name.replaceAll(',', ',,')},debug-threads=on`;
    return ['/usr/bin/qemu-system-x86_64', '-name', guest, '-uuid', uuid, ''].join('\0');
  },
  exe: () => ({ link: '/usr/bin/qemu-system-x86_64' }),
  stat: ({ domain: { pid, process } }) => {
    const fields = `S 1 ${pid} ${pid} 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 ${process?.startTime ?? pid} 1 1`;
    return `${pid} (${MAIN_THREAD}) ${fields}\n`;
  },
  status: ({ domain: { pid, process: { uid = 0, innerPid } = {} } }) => {
    const pids = [pid, innerPid].filter((one) => one !== undefined).join('\t');
    return `Name:\t${MAIN_THREAD}\nTgid:\t${pid}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nNSpid:\t${pids}\n`;
  },
  cgroup: ({ domain: { process } }) => `0::${process?.cgroup ?? '/user.slice/user-0.slice/session-1.scope'}\n`,
  ns: ({ domain: { process } }) => namespaces(process?.isOnHost ?? false),
  root: ({ domain: { process } }) => {
    const files = new Map(Object.entries(process?.files ?? {}));
    return files.size > 0 ? withFiles(EMPTY_FOLDER, files, '') : undefined;
  },
  fd: ({ kernel, domain }) =>
    domain.open && each(descriptors(kernel, domain), Number, ({ target }) => ({ link: target })),
  fdinfo: ({ kernel, domain }) => domain.open && each(descriptors(kernel, domain), Number, ({ info }) => info),
  task: ({ domain }) => new TaskFolder(domain),
};

const namespaces = (isOnHost: boolean) => fixed({ mnt: () => ({ link: `mnt:[${isOnHost ? 1 : 2}]` }) });

function qemuFolder(kernel: SimulatedKernel, domain: DomainDescription): Folder {
  return new SubjectFolder(QEMU, { kernel, domain });
}

/** QEMU's main thread, then its vCPUs. */
class TaskFolder implements Folder {
  constructor(private readonly domain: DomainDescription) {}

  names(): string[] {
    const { pid } = this.domain;
    return [pid, ...vcpuThreads(this.domain).map((_, index) => pid + 1 + index)].map(String);
  }

  get(name: string): Node | undefined {
    const { pid } = this.domain;
    const threads = vcpuThreads(this.domain);
    const count = threads.length + 1;
    const index = Number(name) - pid - 1;
    if (`${pid + 1 + index}` !== name) return undefined;
    if (index === -1) return new SubjectFolder(THREAD, { comm: MAIN_THREAD, count });
    const thread = threads[index];
    return thread && new SubjectFolder(THREAD, { comm: thread.comm, count, allowed: thread.cpus });
  }
}

function vcpuThreads({ vcpus, threadNames }: DomainDescription): { comm: string; cpus: string }[] {
  if (threadNames === 'single') {
    return [{ comm: 'ALL CPUs/TCG', cpus: formatCpuset(union(...vcpus.map(({ cpus }) => cpuList(cpus)))) }];
  }
  return vcpus.map(({ vcpu, cpus }) => ({ comm: threadNames === 'none' ? MAIN_THREAD : `CPU ${vcpu}/KVM`, cpus }));
}

/**
 * QEMU's descriptors: the group of each device, or the device itself if it has none (kernel: drivers/vfio). `number`:
 * of the character device; null: another kind of file.
 */
export function descriptors(kernel: SimulatedKernel, { open = [], process }: DomainDescription) {
  const devices = open.flatMap((address) => {
    const device = kernel.devices.get(address);
    if (!device) return [];
    const { iommuGroup: group } = device;
    return group === undefined
      ? { target: `/dev/vfio/devices/${cdev(device)}`, number: deviceNumber(device) }
      : [
          { target: `/dev/vfio/${group}`, number: groupNumber(group) },
          { target: 'anon_inode:[vfio-device]', number: null },
        ];
  });
  const others = [
    '/dev/null',
    'socket:[4711]',
    'anon_inode:kvm-vcpu:0',
    'anon_inode:[eventfd]',
    'anon_inode:[eventfd]',
    ...(process?.disguised ?? []),
  ].map((target) => ({ target, number: target === '/dev/null' ? '1:3' : null }));
  const named = (process?.onlyNamed ?? []).flatMap((address) => {
    const group = kernel.devices.get(address)?.iommuGroup;
    return group === undefined ? [] : { target: `/dev/vfio/${group}`, number: groupNumber(group), flags: ONLY_NAMED };
  });
  const all = [...others, ...devices, ...named].map((one) => ({ flags: '02', ...one }));
  const withInfo = all.map(({ flags, ...one }) => ({ ...one, info: `pos:\t0\nflags:\t${flags}\n` }));
  return new Map(withInfo.map((one, fd) => [fd, one]));
}

function vfioDevices(kernel: SimulatedKernel): Folder {
  const devices = [...kernel.devices.values()].filter(({ isVfio }) => isVfio);
  const folder = (device: SimulatedDevice) => () =>
    fixed({ dev: () => `${deviceNumber(device)}\n`, device: () => ({ link: device.address }) });
  return fixed(Object.fromEntries(devices.map((device) => [cdev(device), folder(device)])));
}

/** The groups of the devices that VFIO has. */
function vfioGroups(kernel: SimulatedKernel): Folder {
  const groups = [...kernel.devices.values()].flatMap(({ isVfio, iommuGroup }) => (isVfio ? (iommuGroup ?? []) : []));
  return fixed(
    Object.fromEntries(groups.map((group) => [group, () => fixed({ dev: () => `${groupNumber(group)}\n` })])),
  );
}

function iommuGroups(kernel: SimulatedKernel): Folder {
  const members = new Map<string, Record<string, () => Node>>();
  for (const { address, iommuGroup } of kernel.devices.values()) {
    if (iommuGroup === undefined) continue;
    const group = members.get(`${iommuGroup}`) ?? {};
    group[address] = () => ({ link: address });
    members.set(`${iommuGroup}`, group);
  }
  return each(members, String, (devices) => fixed({ devices: () => fixed(devices) }));
}

/** O_PATH, as fdinfo has it. */
export const ONLY_NAMED = '010000000';
const groupNumber = (group: number) => `240:${group}`;
const deviceNumber = ({ address }: SimulatedDevice) => `511:${Number.parseInt(address.replace(/[:.]/g, ''), 16)}`;
const EMPTY = fixed({});
const MAIN_THREAD = 'qemu-system-x86';
/** Name of its character device. */
const cdev = ({ address }: SimulatedDevice) => `vfio${Number.parseInt(address.replace(/[:.]/g, ''), 16)}`;

/** Each word of a command line ends with a NUL. */
function processFolder({ command, arguments: words = [] }: ProcessDescription): Folder {
  return fixed({
    comm: () => `${command}\n`,
    cmdline: () => [command, ...words, ''].join('\0'),
    status: () => `Name:\t${command}\nUid:\t0\t0\t0\t0\n`,
  });
}

const THREAD: Members<{ comm: string; count: number; allowed?: string }> = {
  comm: ({ comm }) => `${comm}\n`,
  status: ({ comm, count, allowed }) => {
    const list = allowed === undefined ? '' : `Cpus_allowed_list:\t${allowed}\n`;
    return `Name:\t${comm}\nThreads:\t${count}\n${list}`;
  },
};
