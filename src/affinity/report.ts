import type { VcpuCpus } from '../domain/auto-cpus.js';
import type { EffectivePolicy } from '../domain/effective-policy.js';
import type { Severity } from '../lint/rule.js';

/** plan, enforce and status as JSON: schemas/report.schema.json. */
export interface EnforceReport {
  schemaVersion: 1;
  domains: DomainReport[];
  summary: { set: number; kept: number; skipped: number; failed: number };
}

export interface DomainReport {
  name: string;
  uuid: string | null;
  /** CPU list of all vCPUs; null where they may run anywhere, or where nobody knows */
  vcpuCpus: string | null;
  /** what that was learned from: the threads of the running QEMU, or the definition */
  vcpuSource: VcpuCpus['source'];
  devices: DeviceReport[];
  /** of its policies, where they cannot be laid at a device's door */
  problems: Problem[];
}

export interface DeviceReport {
  /** null where a network's interface has no device until the domain starts */
  address: string | null;
  alias: string | null;
  element: 'hostdev' | 'interface';
  policy: 'auto' | 'native' | 'cpuset';
  origin: EffectivePolicy['origin'];
  /** CPU list that the policy comes to on this host; null where nothing is to be written */
  cpus: string | null;
  numaNode: number | null;
  interrupts: InterruptReport[];
  problems: Problem[];
}

/** What is, or was, done about an interrupt. */
export type Action = 'set' | 'keep' | 'skip' | 'fail';

export interface InterruptReport {
  irq: number;
  type: 'msix' | 'msi' | 'intx';
  /** of MSI-X and MSI; null for a line, and where no VFIO handler says */
  vector: number | null;
  handlers: string[];
  /** CPU list; null for a vector that nobody has requested */
  affinity: string | null;
  /** CPU list; null where the kernel does not say, or names no CPU */
  effective: string | null;
  wanted: string | null;
  action: Action;
  reason: string | null;
  /** the kernel's name for what a write met, ENOSPC say */
  error: string | null;
  /** interrupts taken, by CPU; empty where they were not asked for */
  counts: Record<string, number>;
}

/** Something that keeps interrupts from being placed, or makes that useless. */
export interface Problem {
  rule: string;
  severity: Severity;
  message: string;
}

export function enforceReport(domains: DomainReport[]): EnforceReport {
  const actions = domains.flatMap(({ devices }) => devices.flatMap(({ interrupts }) => interrupts));
  const count = (action: Action) => actions.filter((interrupt) => interrupt.action === action).length;
  const summary = { set: count('set'), kept: count('keep'), skipped: count('skip'), failed: count('fail') };
  return { schemaVersion: 1, domains, summary };
}
