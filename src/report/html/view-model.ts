import { type DevicePlan, type DomainPlan, type InterruptPlan, isPosted } from '../../affinity/domain-plan.js';
import { type Cpuset, cpusOf, EMPTY, has, isSubset } from '../../domain/cpuset.js';
import type { Topology } from '../../host/topology.js';

/** The input of the page. */
export interface ViewModelInput {
  plans: readonly DomainPlan[];
  topology: Topology;
  /** for each domain, in the report's order; `cpus` undefined: any */
  vcpus: readonly (readonly { vcpu: number; cpus?: Cpuset | undefined }[])[];
  host: string;
  /** when the host was read, as text */
  takenAt: string;
  /** status of the watcher, in lines; undefined: unknown */
  watcher?: string | undefined;
  /** interrupts that another program keeps moving; undefined: no watcher was seen */
  contested?: readonly { address: string; irq: number }[] | undefined;
}

export interface CpuView {
  cpu: number;
  online: boolean;
  /** vCPUs that may run here, but not on every CPU */
  vcpus: { domain: number; vcpu: number }[];
  /** interrupts delivered here */
  interrupts: { domain: number; device: DevicePlan; interrupt: InterruptPlan }[];
  /** how often interrupts were taken since the vectors exist; as deliveryShare(), without those that are posted now */
  taken: number;
  /** how often of these from a device on another node */
  remote: number;
}

export interface NodeView {
  /** undefined: CPUs and devices without a node, and all of a host without nodes */
  node: number | undefined;
  cpus: CpuView[];
  /** devices of the domains on this node */
  devices: { domain: number; device: DevicePlan }[];
}

export interface ViewModel {
  nodes: NodeView[];
  /** node by CPU */
  nodeOf: ReadonlyMap<number, number>;
  /** all CPUs, node by node: the order of cpuStrip() */
  cpuOrder: number[];
  /** the highest count of one CPU */
  maxCpuCount: number;
  /** the highest count of one interrupt */
  maxInterruptCount: number;
}

/** The nodes, their CPUs, and the vCPUs, devices and interrupts on them. Pure. */
export function viewModelOf({ plans, topology, vcpus }: ViewModelInput): ViewModel {
  const nodeOf = new Map(topology.nodes.flatMap(({ node, cpus }) => [...cpusOf(cpus)].map((cpu) => [cpu, node])));
  const cpus = new Map([...cpusOf(topology.present)].map((cpu) => [cpu, emptyCpu(cpu, has(topology.online, cpu))]));
  vcpus.forEach((list, domain) => {
    for (const { vcpu, cpus: allowed } of list) {
      if (!allowed || isSubset(topology.online, allowed)) continue;
      for (const cpu of cpusOf(allowed)) cpus.get(cpu)?.vcpus.push({ domain, vcpu });
    }
  });
  const entries = plans.flatMap(devicesOf);
  for (const { domain, device } of entries) {
    for (const interrupt of device.interrupts) {
      // no host CPU takes it
      if (isPosted(interrupt)) continue;
      for (const cpu of cpusOf(interrupt.effective ?? EMPTY)) {
        cpus.get(cpu)?.interrupts.push({ domain, device, interrupt });
      }
      for (const [number, count] of Object.entries(interrupt.counts)) {
        const cpu = cpus.get(Number(number));
        if (!cpu) continue;
        cpu.taken += count;
        if (has(device.locality?.far ?? EMPTY, cpu.cpu)) cpu.remote += count;
      }
    }
  }
  const all = [...cpus.values()];
  const nodes = nodesOf(topology, all, nodeOf, entries);
  const totals = entries.flatMap(({ device }) => device.interrupts.map(takenOf));
  return {
    nodes,
    nodeOf,
    cpuOrder: nodes.flatMap((node) => node.cpus.map(({ cpu }) => cpu)),
    maxCpuCount: highest(all.map(({ taken }) => taken)),
    maxInterruptCount: highest(totals),
  };
}

export const takenOf = ({ counts }: InterruptPlan): number => sum(Object.values(counts));

function nodesOf(
  { nodes }: Topology,
  cpus: CpuView[],
  nodeOf: ReadonlyMap<number, number>,
  entries: NodeView['devices'],
): NodeView[] {
  const found: NodeView[] = nodes.map(({ node }) => ({
    node,
    cpus: cpus.filter(({ cpu }) => nodeOf.get(cpu) === node),
    devices: entries.filter(({ device }) => device.numaNode === node),
  }));
  const rest = cpus.filter(({ cpu }) => !nodeOf.has(cpu));
  const known = new Set(nodes.map(({ node }) => node));
  const devices = entries.filter(({ device }) => device.numaNode === null || !known.has(device.numaNode));
  // devices with node -1 in the kernel, and devices of a host without nodes
  if (rest.length + devices.length > 0) found.push({ node: undefined, cpus: rest, devices });
  return found.filter((node) => node.cpus.length + node.devices.length > 0);
}

function devicesOf({ devices }: DomainPlan, domain: number): NodeView['devices'] {
  return devices.filter(({ address }) => address !== null).map((device) => ({ domain, device }));
}

const emptyCpu = (cpu: number, online: boolean): CpuView => {
  return { cpu, online, vcpus: [], interrupts: [], taken: 0, remote: 0 };
};
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const highest = (numbers: readonly number[]) => numbers.reduce((most, one) => Math.max(most, one), 0);
