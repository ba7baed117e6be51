import {
  type Action,
  type DevicePlan,
  type DomainPlan,
  type InterruptPlan,
  isMisplaced,
  isPosted,
  isRemote,
  type VectorPosting,
} from '../affinity/domain-plan.js';
import { type Cpuset, formatCpuset } from '../domain/cpuset.js';
import type { NodeCpus } from '../domain/locality.js';
import type { Posting } from '../host/posting.js';
import type { ContestedInterrupt } from '../runtime/counters.js';
import type { WatcherStatus } from '../runtime/watcher-status.js';
import { type ProblemReport, problemReport } from './problem-report.js';
import { reasonText } from './reason-text.js';
import type { DomainVerdict } from './verdict.js';
import {
  type DeviceVerdictReport,
  type DomainVerdictReport,
  deviceVerdictReport,
  domainVerdictReport,
} from './verdict-report.js';

/** plan, enforce and status as JSON: schemas/report.schema.json. CPU sets are CPU lists. */
export interface EnforceReport {
  schemaVersion: 1;
  host: HostReport;
  domains: DomainReport[];
  summary: Summary;
}

/** The additions of `status`. */
export interface StatusReport extends EnforceReport {
  /** null: none runs, or the caller cannot see it */
  watcher: WatcherStatus | null;
  /** problems of the whole host, such as that no watcher runs */
  problems: ProblemReport[];
}

export interface HostReport {
  name?: string;
  /** when it was read, ISO 8601 */
  time?: string;
  /** empty: the host has no NUMA nodes; `cpus`: the online CPUs, null: none */
  nodes: { node: number; cpus: string | null }[];
  /** whether the hardware can deliver interrupts to vCPUs directly; `possible` null: unknown */
  posting: { possible: boolean | null; evidence: string };
}

/** Number of interrupts, by action and by state. */
export interface Summary {
  set: number;
  kept: number;
  skipped: number;
  failed: number;
  /** on other CPUs than their policy wants */
  misplaced: number;
  /** delivered to another node than the device's */
  remote: number;
  posted: number;
  /** another program keeps moving them */
  contested: number;
}

export interface DomainReport {
  name: string;
  uuid: string | null;
  /** of a guest that was found as a process: whose it is (root, user alice, pod NAMESPACE/NAME), and QEMU's pid */
  owner?: string;
  pid?: number;
  /** CPUs of all vCPUs; null: they may run on every CPU, or it is unknown */
  vcpuCpus: string | null;
  /** source of vcpuCpus: the threads of the running QEMU, or the definition */
  vcpuSource: DomainPlan['vcpus']['source'];
  devices: DeviceReport[];
  /** problems of the whole domain */
  problems: ProblemReport[];
  /** of a running domain that the user named */
  verdict?: DomainVerdictReport;
}

export interface DeviceReport {
  /** null: the interface is on a network, which assigns a device when the domain starts */
  address: string | null;
  alias: string | null;
  element: DevicePlan['element'];
  policy: DevicePlan['policy'];
  origin: DevicePlan['origin'];
  /** the CPUs of its policy; null: nothing is to be written */
  cpus: string | null;
  numaNode: number | null;
  interrupts: InterruptReport[];
  problems: ProblemReport[];
  verdict?: DeviceVerdictReport;
}

export interface InterruptReport {
  irq: number;
  type: InterruptPlan['type'];
  /** of MSI-X and MSI; null for a legacy line, or if no VFIO handler names a vector */
  vector: number | null;
  handlers: string[];
  /** null: no driver has requested the vector */
  affinity: string | null;
  /** null: the kernel does not report it, or it is empty */
  effective: string | null;
  /** CPUs of the policy on this host */
  wanted: string | null;
  /** the part of `wanted` that it is to get; null also if the policy spreads and no handler names the vector */
  target: string | null;
  /** the vCPU whose CPUs are the target; null: no single vCPU */
  vcpu: number | null;
  /** delivered to another node than the device's; null: unknown */
  remote: boolean | null;
  /** whether the hardware delivers it directly to a vCPU, and to which */
  posting: VectorPosting;
  /** true: another program keeps moving it, and its repairs pause from time to time */
  contested: boolean;
  action: Action;
  reason: string | null;
  /** the error code of a read or write, such as ENOSPC */
  error: string | null;
  /** how often each CPU took it; empty if counts were not requested */
  counts: Record<string, number>;
}

/** Data of a report besides the plans. */
export interface ReportContext {
  nodes: readonly NodeCpus[];
  posting: Posting;
  name?: string;
  time?: string;
  /** the plans were carried out: interrupts with `set` were written */
  isApplied?: boolean;
  /** as reported by the watcher */
  contested?: readonly ContestedInterrupt[];
  /** for each plan, if two samples of the host were taken */
  verdicts?: readonly (DomainVerdict | undefined)[];
}

export function reportOf(plans: readonly DomainPlan[], context: ReportContext): EnforceReport {
  const { nodes, posting, name, time, isApplied = false, contested = [], verdicts = [] } = context;
  const listed = nodes.map(({ node, cpus }) => ({ node, cpus: cpus.length > 0 ? listOf(cpus) : null }));
  const host: HostReport = {
    ...(name === undefined ? {} : { name }),
    ...(time === undefined ? {} : { time }),
    nodes: listed,
    posting: { possible: posting.possible, evidence: posting.evidence },
  };
  const keys = new Set(contested.map(({ address, irq }) => `${address} ${irq}`));
  const domains = plans.map((plan, index) => domainReport(plan, keys, verdicts[index]));
  return { schemaVersion: 1, host, domains, summary: summaryOf(plans, isApplied, keys) };
}

/** @param contested addresses and IRQ numbers */
export function summaryOf(
  plans: readonly DomainPlan[],
  isApplied = false,
  contested: ReadonlySet<string> = NONE,
): Summary {
  const summary: Summary = { set: 0, kept: 0, skipped: 0, failed: 0, misplaced: 0, remote: 0, posted: 0, contested: 0 };
  for (const device of plans.flatMap(({ devices }) => devices)) {
    for (const interrupt of device.interrupts) {
      summary[COUNTS[interrupt.action]]++;
      if (isMisplaced(interrupt, isApplied)) summary.misplaced++;
      if (isRemote(interrupt, device)) summary.remote++;
      if (isPosted(interrupt)) summary.posted++;
      if (contested.has(`${device.address} ${interrupt.irq}`)) summary.contested++;
    }
  }
  return summary;
}

const COUNTS = { set: 'set', keep: 'kept', skip: 'skipped', fail: 'failed' } as const satisfies Record<Action, string>;
const NONE: ReadonlySet<string> = new Set();

export function domainReport(
  { name, uuid, found, vcpus, devices, problems }: DomainPlan,
  contested: ReadonlySet<string> = NONE,
  verdict?: DomainVerdict,
): DomainReport {
  const verdictOf = (device: DevicePlan, index: number) => {
    const found = verdict?.devices[index];
    return verdict && found ? { verdict: deviceVerdictReport(device, found, verdict.seconds) } : {};
  };
  return {
    name,
    uuid,
    ...found,
    vcpuCpus: listOf(vcpus.cpus),
    vcpuSource: vcpus.source,
    devices: devices.map((device, index) => ({ ...deviceReport(device, contested), ...verdictOf(device, index) })),
    problems: problems.map(problemReport),
    ...(verdict ? { verdict: domainVerdictReport(verdict) } : {}),
  };
}

function deviceReport(
  { address, alias, element, policy, origin, ...device }: DevicePlan,
  contested: ReadonlySet<string>,
): DeviceReport {
  const { cpus, numaNode, interrupts, problems } = device;
  return {
    address,
    alias,
    element,
    policy,
    origin,
    cpus: listOf(cpus),
    numaNode,
    interrupts: interrupts.map((one) =>
      interruptReport(one, isRemote(one, device), contested.has(`${address} ${one.irq}`)),
    ),
    problems: problems.map(problemReport),
  };
}

function interruptReport(
  { irq, type, vector, handlers, action, reason, error, ...one }: InterruptPlan,
  remote: boolean | null,
  contested: boolean,
): InterruptReport {
  return {
    irq,
    type,
    vector,
    handlers: [...handlers],
    affinity: listOf(one.affinity),
    effective: listOf(one.effective),
    wanted: listOf(one.wanted),
    target: listOf(one.target),
    vcpu: one.vcpu,
    remote,
    posting: one.posting,
    contested,
    action,
    reason: reason && reasonText(reason),
    error,
    counts: one.counts,
  };
}

const listOf = (set: Cpuset | null | undefined) => (set ? formatCpuset(set) : null);
