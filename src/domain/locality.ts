import { type Cpuset, EMPTY, intersect, union } from './cpuset.js';
import type { Policy } from './policy.js';

/** A NUMA node and its online CPUs; none if it has only memory. */
export interface NodeCpus {
  node: number;
  cpus: Cpuset;
}

/** The online CPUs on a device's own node, and those on other nodes. */
export interface Locality {
  near: Cpuset;
  far: Cpuset;
}

/**
 * By topology and node: thousands of devices are on a few nodes, and on large hosts a node has a hundred CPU ranges.
 */
const localities = new WeakMap<readonly NodeCpus[], Map<number, Locality>>();

/** Undefined if no CPU is nearer than another: the device's node is unknown, or none of its CPUs is online. */
export function localityOf(numaNode: number | undefined, nodes: readonly NodeCpus[]): Locality | undefined {
  const near = nodes.find(({ node }) => node === numaNode)?.cpus ?? EMPTY;
  if (numaNode === undefined || near.length === 0) return undefined;
  const known = localities.get(nodes) ?? new Map<number, Locality>();
  localities.set(nodes, known);
  const far = () => union(...nodes.filter(({ node }) => node !== numaNode).map(({ cpus }) => cpus));
  const locality = known.get(numaNode) ?? { near, far: far() };
  known.set(numaNode, locality);
  return locality;
}

/** `device`: CPUs on the device's node are preferred; auto uses no others if it has any. `any`: nodes do not matter. */
export type LocalityMode = 'device' | 'any';

/**
 * The part of a policy's usable CPUs that a device gets. The kernel prefers the device's node only when a vector is
 * created; when a mask is written, it takes any CPU in it (x86: assign_irq_vector_any_locked, apic_set_affinity). So a
 * mask across nodes would move interrupts off the node. Without a CPU on the device's node, all CPUs are used: every
 * one is remote, and the nearest node may be full, or far from the vCPU that is interrupted.
 */
export function localCpus(
  policy: Policy,
  usable: Cpuset,
  locality: Locality | undefined,
  mode: LocalityMode = 'device',
): Cpuset {
  if (policy.kind !== 'auto' || mode === 'any' || !locality) return usable;
  const near = intersect(usable, locality.near);
  return near.length > 0 ? near : usable;
}

/**
 * The CPUs that an interrupt is delivered to if its affinity contains any of them: those on the device's node. Empty if
 * nodes do not matter. Without this, writing an affinity across nodes would move interrupts off the node.
 */
export function preferredCpus(locality: Locality | undefined, mode: LocalityMode = 'device'): Cpuset {
  return mode === 'any' || !locality ? EMPTY : locality.near;
}

/** The CPUs of a set that are on other nodes than the device. */
export interface RemotePart {
  cpus: Cpuset;
  /** their nodes */
  nodes: number[];
  /** true: the set has no CPU on the device's node */
  isAll: boolean;
}

/** Undefined if there are none. */
export function remotePart(
  cpus: Cpuset,
  locality: Locality | undefined,
  nodes: readonly NodeCpus[],
): RemotePart | undefined {
  const far = intersect(cpus, locality?.far ?? EMPTY);
  if (far.length === 0) return undefined;
  const farNodes = nodes.filter((one) => intersect(one.cpus, far).length > 0).map(({ node }) => node);
  return { cpus: far, nodes: farNodes, isAll: areRemote(cpus, locality) === true };
}

/** Whether all these CPUs are on other nodes than the device; null if that is unknown, or only some are. */
export function areRemote(cpus: Cpuset, locality: Locality | undefined): boolean | null {
  if (!locality) return null;
  const isNear = intersect(cpus, locality.near).length > 0;
  const isFar = intersect(cpus, locality.far).length > 0;
  return isNear === isFar ? null : isFar;
}
