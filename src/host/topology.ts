import { parseCpuList, parseMask } from '../domain/cpu-mask.js';
import { type Cpuset, EMPTY, has } from '../domain/cpuset.js';
import type { Files } from './files.js';

export interface HostNode {
  node: number;
  /** may be empty: a node of memory only */
  cpus: Cpuset;
}

/** CPUs and nodes as they are now. */
export interface Topology {
  online: Cpuset;
  present: Cpuset;
  nodes: HostNode[];
  /** where interrupts are born (irqaffinity=, tuned): /proc/irq/default_smp_affinity; undefined where absent */
  defaultAffinity: Cpuset | undefined;
}

/** Source: the kernel's Documentation/ABI/stable/sysfs-devices-system-cpu and -node. */
export function readTopology(files: Files): Topology {
  const cpuList = (path: string): Cpuset => parseCpuList(files.read(path) ?? '') ?? EMPTY;
  const online = cpuList('/sys/devices/system/cpu/online');
  const present = cpuList('/sys/devices/system/cpu/present');
  const nodes = (files.list('/sys/devices/system/node') ?? [])
    .map((name) => /^node(\d+)$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map((number) => ({ node: Number(number), cpus: cpuList(`/sys/devices/system/node/node${number}/cpulist`) }))
    .sort((a, b) => a.node - b.node);
  const mask = files.read('/proc/irq/default_smp_affinity');
  return { online, present, nodes, defaultAffinity: mask === undefined ? undefined : parseMask(mask) };
}

/** The node of a CPU; undefined on a host without nodes. */
export function nodeOf(topology: Topology, cpu: number): number | undefined {
  return topology.nodes.find(({ cpus }) => has(cpus, cpu))?.node;
}
