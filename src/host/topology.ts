import { parseCpuList, parseMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

export interface HostNode {
  node: number;
  /** those online; empty for a node of memory only */
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

const CPUS = '/sys/devices/system/cpu';
const NODES = '/sys/devices/system/node';

/**
 * Source: the kernel's Documentation/ABI/stable/sysfs-devices-system-cpu and -node.
 * @throws FileError; ENOENT where there is no host's /sys at all, EBADMSG where a list is none
 */
export function readTopology(files: PseudoFs): Topology {
  const online = readList(files, `${CPUS}/online`);
  if (!online) throw new FileError('ENOENT', `${CPUS}/online`);
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
  if (!list) throw new FileError('EBADMSG', path);
  return list;
}
