import { formatMask } from '../../domain/cpu-mask.js';
import { type Cpuset, cpusOf, formatCpuset } from '../../domain/cpuset.js';
import { FileError, type Files } from '../files.js';
import type { DomainDescription } from './description.js';
import type { SimulatedDevice, SimulatedInterrupt, SimulatedKernel } from './kernel.js';

/** A folder made on demand, for a kernel's folders are large and always new. */
export interface Folder {
  names(): string[];
  get(name: string): Node | undefined;
}
export type Node = string | { link: string } | Folder;

/** The pseudo-files of a simulated kernel, its libvirt and its QEMUs. */
export class KernelFiles implements Files {
  constructor(private readonly kernel: SimulatedKernel) {}

  read(path: string): string | undefined {
    const found = this.#find(path);
    return typeof found === 'string' ? found : undefined;
  }

  list(path: string): string[] | undefined {
    const found = this.#find(path);
    return isFolder(found) ? found.names() : undefined;
  }

  link(path: string): string | undefined {
    const found = this.#find(path);
    return typeof found === 'object' && 'link' in found ? found.link : undefined;
  }

  write(path: string, text: string): void {
    const irq = /^\/proc\/irq\/(\d+)\/smp_affinity$/.exec(path)?.[1];
    if (irq === undefined) throw new FileError(this.#find(path) === undefined ? 'ENOENT' : 'EACCES', path);
    this.kernel.writeAffinity(Number(irq), text);
  }

  #find(path: string): Node | undefined {
    let found: Node | undefined = tree(this.kernel);
    for (const name of path.split('/').filter(Boolean)) found = isFolder(found) ? found.get(name) : undefined;
    return found;
  }
}

export function isFolder(node: Node | undefined): node is Folder {
  return typeof node === 'object' && 'names' in node;
}

/** Everything that the host backend reads, from the root down. */
export function tree(kernel: SimulatedKernel): Folder {
  return fixed({
    sys: () =>
      fixed({
        bus: () => fixed({ pci: () => fixed({ devices: () => devices(kernel) }) }),
        kernel: () => fixed({ irq: () => actions(kernel) }),
        devices: () => fixed({ system: () => fixed({ cpu: () => cpus(kernel), node: () => nodes(kernel) }) }),
      }),
    proc: () => proc(kernel),
    run: () => fixed({ libvirt: () => fixed({ qemu: () => pidFiles(kernel) }) }),
  });
}

function fixed(members: Record<string, (() => Node) | undefined>): Folder {
  const names = Object.keys(members).filter((name) => members[name]);
  return { names: () => names, get: (name) => (Object.hasOwn(members, name) ? members[name]?.() : undefined) };
}

function each<T>(members: ReadonlyMap<string | number, T>, node: (member: T) => Node, numeric = true): Folder {
  return {
    names: () => [...members.keys()].map(String),
    get: (name) => {
      const member = members.get(numeric ? Number(name) : name);
      return member === undefined ? undefined : node(member);
    },
  };
}

function devices(kernel: SimulatedKernel): Folder {
  const folder = ({ driver, numaNode, irqs: numbers }: SimulatedDevice) => {
    const messages = numbers.filter((irq) => kernel.interrupts.get(irq)?.type !== 'intx');
    return fixed({
      irq: () => `${numbers[0] ?? 0}\n`,
      numa_node: () => `${numaNode ?? -1}\n`,
      driver: driver === undefined ? undefined : () => ({ link: driver }),
      msi_irqs: messages.length === 0 ? undefined : () => messageIrqs(kernel, messages),
    });
  };
  return each(kernel.devices, folder, false);
}

function messageIrqs(kernel: SimulatedKernel, irqs: readonly number[]): Folder {
  return each(new Map(irqs.map((irq) => [irq, irq])), (irq) => `${kernel.interrupts.get(irq)?.type}\n`);
}

function actions(kernel: SimulatedKernel): Folder {
  return each(kernel.interrupts, ({ handlers }) => fixed({ actions: () => `${handlers.join(',')}\n` }));
}

function proc(kernel: SimulatedKernel): Folder {
  const folders = new Map<string, () => Node>([
    ['irq', () => irqs(kernel)],
    ['interrupts', () => interruptTable(kernel)],
  ]);
  for (const domain of kernel.domains.values()) folders.set(`${domain.pid}`, () => qemu(domain));
  for (const { pid, command } of kernel.processes) folders.set(`${pid}`, () => fixed({ comm: () => `${command}\n` }));
  return each(folders, (node) => node(), false);
}

/** A vector without a handler has no folder here. */
function irqs(kernel: SimulatedKernel): Folder {
  const mask = (set: Cpuset) => `${kernelMask(set, kernel.present.at(-1)?.last ?? 0)}\n`;
  const folder = ({ affinity, effective, handlers }: SimulatedInterrupt) =>
    fixed({
      smp_affinity: () => mask(affinity),
      smp_affinity_list: () => `${formatCpuset(affinity)}\n`,
      effective_affinity: () => mask(effective),
      effective_affinity_list: () => `${formatCpuset(effective)}\n`,
      ...Object.fromEntries(handlers.map((handler) => [handler, () => fixed({})])),
    });
  const requested = each(kernel.interrupts, folder);
  return {
    names: () => [
      'default_smp_affinity',
      ...[...kernel.interrupts.values()].filter(hasHandler).map(({ irq }) => `${irq}`),
    ],
    get: (name) => {
      if (name === 'default_smp_affinity') return mask(kernel.defaultAffinity);
      const interrupt = kernel.interrupts.get(Number(name));
      return interrupt && hasHandler(interrupt) ? requested.get(name) : undefined;
    },
  };
}

const hasHandler = ({ handlers }: SimulatedInterrupt) => handlers.length > 0;

/** The kernel's own width: as many digits as its CPUs need (lib/vsprintf.c, bitmap_string). */
function kernelMask(set: Cpuset, highest: number): string {
  const digits = Math.ceil((highest + 1) / 4);
  const hex = formatMask(set).replaceAll(',', '').padStart(digits, '0').slice(-digits);
  return hex.replace(/(?<=.)(?=(.{8})+$)/g, ',');
}

function interruptTable(kernel: SimulatedKernel): string {
  const online = [...cpusOf(kernel.online)];
  const rows = [...kernel.interrupts.values()].map(({ irq, counts, handlers }) => {
    const numbers = online.map((cpu) => ` ${String(counts[cpu] ?? 0).padStart(10)}`);
    return `${String(irq).padStart(4)}:${numbers.join('')}  IR-PCI-MSI ${handlers.join(', ')}`;
  });
  return `${[`     ${online.map((cpu) => `CPU${cpu}`.padStart(11)).join('')}`, ...rows].join('\n')}\n`;
}

function cpus(kernel: SimulatedKernel): Folder {
  return fixed({
    online: () => `${formatCpuset(kernel.online)}\n`,
    present: () => `${formatCpuset(kernel.present)}\n`,
  });
}

function nodes(kernel: SimulatedKernel): Folder {
  const byName = new Map(kernel.nodes.map(({ node, cpus: list }) => [`node${node}`, list]));
  return each(byName, (list) => fixed({ cpulist: () => `${formatCpuset(list)}\n` }), false);
}

function pidFiles(kernel: SimulatedKernel): Folder {
  const byName = new Map([...kernel.domains.values()].map(({ name, pid }) => [`${name}.pid`, pid]));
  return each(byName, (pid) => `${pid}\n`, false);
}

function qemu({ name, uuid, pid, vcpus }: DomainDescription): Folder {
  const words = ['/usr/bin/qemu-system-x86_64', '-name', `guest=${name},debug-threads=on`, '-uuid', uuid, ''];
  const tasks = new Map<number, Folder>([[pid, thread('qemu-system-x86', undefined)]]);
  vcpus.forEach(({ vcpu, cpus: list }, index) => {
    tasks.set(pid + 1 + index, thread(`CPU ${vcpu}/KVM`, list));
  });
  return fixed({
    comm: () => 'qemu-system-x86\n',
    cmdline: () => words.join('\0'),
    task: () => each(tasks, (task) => task),
  });
}

function thread(comm: string, allowed: string | undefined): Folder {
  const status = allowed === undefined ? '' : `Cpus_allowed_list:\t${allowed}\n`;
  return fixed({ comm: () => `${comm}\n`, status: () => `Name:\t${comm}\n${status}` });
}
