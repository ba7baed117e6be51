import { parseCpuList, parseMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

export interface HostNode {
  node: number;
  /** the online ones; empty for a node that has only memory */
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

function readList(files: PseudoFs, path: string): Cpuset | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  const list = parseCpuList(text);
  if (!list) throw new FileError('EBADMSG', files.root + path);
  return list;
}
