import { parseCpuList, parseMask } from '../domain/cpu-mask.js';
import { type Cpuset, cpusOf, has, intersect } from '../domain/cpuset.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

export interface HostNode {
  node: number;
  /** the online CPUs; empty for a node that has only memory */
  cpus: Cpuset;
}

/** The host's CPUs and NUMA nodes. */
export interface Topology {
  online: Cpuset;
  present: Cpuset;
  nodes: HostNode[];
  /** initial affinity of new interrupts (irqaffinity=, tuned): /proc/irq/default_smp_affinity; undefined if absent */
  defaultAffinity: Cpuset | undefined;
}

const CPUS = '/sys/devices/system/cpu';
const NODES = '/sys/devices/system/node';

/**
 * Source: the kernel's Documentation/ABI/stable/sysfs-devices-system-cpu and -node.
 * @throws FileError; ENOENT if /sys is absent, EBADMSG if a file does not contain a CPU list
 */
export function readTopology(files: PseudoFs): Topology {
  const online = readList(files, `${CPUS}/online`);
  if (!online) throw new FileError('ENOENT', `${files.root}${CPUS}/online`);
  const nodes = (files.list(NODES) ?? [])
    .map((name) => /^node(\d+)$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map((number) => ({ node: Number(number), cpus: readList(files, `${NODES}/node${number}/cpulist`) ?? [] }))
    .sort((a, b) => a.node - b.node);
  const mask = files.read('/proc/irq/default_smp_affinity');
  return {
    online,
    present: readList(files, `${CPUS}/present`) ?? online,
    nodes,
    defaultAffinity: mask === undefined ? undefined : parseMask(mask),
  };
}

/**
 * Threads of CPUs that were read before, by topology. A CPU that goes offline leaves its core and leads to a new
 * topology.
 */
const coresOfHosts = new WeakMap<Topology, Map<number, Cpuset>>();

/**
 * The online threads of the cores of these CPUs. A CPU with an unknown core is left out.
 * @throws FileError as readTopology()
 */
export function readCores(files: PseudoFs, topology: Topology, cpus: Cpuset): Cpuset[] {
  const known = coresOfHosts.get(topology) ?? new Map<number, Cpuset>();
  coresOfHosts.set(topology, known);
  const cores = new Set<Cpuset>();
  let isComplete = true;
  for (const cpu of cpusOf(intersect(cpus, topology.online))) {
    const core = known.get(cpu) ?? readList(files, `${CPUS}/cpu${cpu}/topology/thread_siblings_list`);
    // empty or absent while the CPU goes offline
    if (!core || !has(core, cpu)) {
      isComplete = false;
      continue;
    }
    for (const thread of cpusOf(core)) if (!known.has(thread)) known.set(thread, core);
    cores.add(known.get(cpu) as Cpuset);
  }
  // the other threads of its core may have been read without it, and it may be back before anybody sees that it went
  if (!isComplete) coresOfHosts.delete(topology);
  return [...cores];
}

function readList(files: PseudoFs, path: string): Cpuset | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  const list = parseCpuList(text);
  if (!list) throw new FileError('EBADMSG', files.root + path);
  return list;
}
