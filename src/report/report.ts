import type { Action, DevicePlan, DomainPlan, InterruptPlan } from '../affinity/domain-plan.js';
import { type Cpuset, formatCpuset } from '../domain/cpuset.js';
import { type ProblemReport, problemReport } from './problem-report.js';
import { reasonText } from './reason-text.js';

/** plan, enforce and status as JSON: schemas/report.schema.json. CPU sets are CPU lists. */
export interface EnforceReport {
  schemaVersion: 1;
  domains: DomainReport[];
  summary: Summary;
}

/** How many interrupts, by action. */
export interface Summary {
  set: number;
  kept: number;
  skipped: number;
  failed: number;
}

export interface DomainReport {
  name: string;
  uuid: string | null;
  /** CPUs of all vCPUs; null: they may run on every CPU, or it is unknown */
  vcpuCpus: string | null;
  /** what that was learned from: the threads of the running QEMU, or the definition */
  vcpuSource: DomainPlan['vcpus']['source'];
  devices: DeviceReport[];
  /** of no particular device */
  problems: ProblemReport[];
}

export interface DeviceReport {
  /** null: the interface of a network has no device until the domain starts */
  address: string | null;
  alias: string | null;
  element: DevicePlan['element'];
  policy: DevicePlan['policy'];
  origin: DevicePlan['origin'];
  /** where its interrupts are to go; null: nothing is to be written */
  cpus: string | null;
  numaNode: number | null;
  interrupts: InterruptReport[];
  problems: ProblemReport[];
}

export interface InterruptReport {
  irq: number;
  type: InterruptPlan['type'];
  /** of MSI-X and MSI; null for a legacy line, and if no VFIO handler names one */
  vector: number | null;
  handlers: string[];
  /** null: nobody has requested the vector */
  affinity: string | null;
  /** null: the kernel does not say, or names no CPU */
  effective: string | null;
  wanted: string | null;
  action: Action;
  reason: string | null;
  /** the error code of a read or write, such as ENOSPC */
  error: string | null;
  /** how often each CPU took it; empty if that was not asked for */
  counts: Record<string, number>;
}

export function reportOf(plans: readonly DomainPlan[]): EnforceReport {
  const domains = plans.map(domainReport);
  return { schemaVersion: 1, domains, summary: summaryOf(plans) };
}

export function summaryOf(plans: readonly DomainPlan[]): Summary {
  const summary: Summary = { set: 0, kept: 0, skipped: 0, failed: 0 };
  for (const { devices } of plans) {
    for (const { interrupts } of devices) for (const { action } of interrupts) summary[COUNTS[action]]++;
  }
  return summary;
}

const COUNTS = { set: 'set', keep: 'kept', skip: 'skipped', fail: 'failed' } as const satisfies Record<Action, string>;

export function domainReport({ name, uuid, vcpus, devices, problems }: DomainPlan): DomainReport {
  return {
    name,
    uuid,
    vcpuCpus: listOf(vcpus.cpus),
    vcpuSource: vcpus.source,
    devices: devices.map(deviceReport),
    problems: problems.map(problemReport),
  };
}

function deviceReport({ address, alias, element, policy, origin, ...device }: DevicePlan): DeviceReport {
  const { cpus, numaNode, interrupts, problems } = device;
  return {
    address,
    alias,
    element,
    policy,
    origin,
    cpus: listOf(cpus),
    numaNode,
    interrupts: interrupts.map(interruptReport),
    problems: problems.map(problemReport),
  };
}

function interruptReport({
  irq,
  type,
  vector,
  handlers,
  action,
  reason,
  error,
  ...one
}: InterruptPlan): InterruptReport {
  return {
    irq,
    type,
    vector,
    handlers: [...handlers],
    affinity: listOf(one.affinity),
    effective: listOf(one.effective),
    wanted: listOf(one.wanted),
    action,
    reason: reason && reasonText(reason),
    error,
    counts: one.counts,
  };
}

const listOf = (set: Cpuset | null | undefined) => (set ? formatCpuset(set) : null);
