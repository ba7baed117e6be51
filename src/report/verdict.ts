import {
  type DevicePlan,
  type DomainPlan,
  type InterruptPlan,
  isPosted,
  mapInterrupts,
} from '../affinity/domain-plan.js';
import { restOfSet } from '../affinity/vector-target.js';
import { type Cpuset, EMPTY, intersect } from '../domain/cpuset.js';
import type { InterruptLines } from '../host/interrupt-table.js';
import { type DeliveryShare, deliveryShare } from './delivery-share.js';
import { interruptKey } from './rates.js';

/**
 * A host at one moment: the plans of its domains, and the interrupts that the CPUs of each domain's vCPUs have taken.
 */
export interface Sample {
  plans: readonly DomainPlan[];
  /** for each plan, in order; undefined: not read */
  lines: readonly InterruptLines[] | undefined;
  /** in ms, monotonic */
  atMs: number;
}

/**
 * none: no interrupt is in use; posted: the hardware posts all interrupts in use; idle: the host took none; native:
 * nothing is to be placed; in-place: all were taken on the CPUs that the policy wants for them; misplaced: some were
 * not.
 */
export type VerdictKind = 'none' | 'posted' | 'idle' | 'native' | 'in-place' | 'misplaced';

/** A device's interrupts between two samples. */
export interface DeviceVerdict {
  kind: VerdictKind;
  perSecond: number;
  /** of the interrupts that were taken, those on CPUs of the policy; undefined: the policy gives no CPUs */
  onWanted: DeliveryShare | undefined;
  /** those on CPUs of the vCPUs; undefined: the vCPUs may run everywhere */
  onVcpuCpus: DeliveryShare | undefined;
  /** those on the device's node; undefined: the node is unknown, or there is only one */
  onNode: DeliveryShare | undefined;
  /**
   * for vectors with a vCPU or CPU of their own, the interrupts that were taken there; undefined: there are no such
   * vectors
   */
  onOwnTarget: DeliveryShare | undefined;
  /** those on CPUs of the vCPUs on the device's node; undefined: there are no such CPUs, or nodes do not matter */
  onNearVcpuCpus: DeliveryShare | undefined;
  /** number of interrupts in use, how many of them are posted, and for how many that is unknown */
  inUse: number;
  posted: number;
  unknown: number;
  /** true: a legacy line is in use */
  hasLine: boolean;
}

/** An interrupt of another device or source that CPUs of the vCPUs took. */
export interface ForeignInterrupt {
  /** null: a vector of the architecture */
  irq: number | null;
  /** its handlers, or `Local timer interrupts (LOC)` */
  name: string;
  perSecond: number;
}

export interface DomainVerdict {
  seconds: number;
  /** for each device, in the plan's order */
  devices: DeviceVerdict[];
  /**
   * the most frequent interrupts on the vCPUs' CPUs that are not the domain's own, most frequent first; null: unknown
   */
  foreign: ForeignInterrupt[] | null;
}

const MAX_FOREIGN = 5;
/** The guest's own: notifications of vCPUs that interrupts are posted to. */
const OWN_LABELS = new Set(['PIN', 'NPI', 'PIW']);

/**
 * The verdict on each plan; undefined for a domain that does not run now, or did not at the first sample.
 * @param handlersOf returns the present handlers of an IRQ
 */
export function verdictsBetween(
  before: Sample,
  after: Sample,
  handlersOf: (irq: number) => readonly string[],
): (DomainVerdict | undefined)[] {
  const seconds = (after.atMs - before.atMs) / 1000;
  return after.plans.map((plan, index) => {
    const earlier = before.plans.findIndex(({ name, uuid }) => name === plan.name && uuid === plan.uuid);
    const known = before.plans[earlier];
    if (!known || !isRunning(plan) || !isRunning(known) || seconds <= 0) return undefined;
    const taken = takenBetween(known, plan);
    const busy = busiestBetween(before.lines?.[earlier], after.lines?.[index], ownIrqs(plan));
    const named = busy?.map(({ taken, ...line }) => ({ ...foreignOf(line, handlersOf), perSecond: taken / seconds }));
    const foreign = named ?? null;
    return { seconds, devices: taken.devices.map((device) => verdictOf(device, plan, seconds)), foreign };
  });
}

/** True if QEMU's threads were seen. */
export const isRunning = ({ vcpus }: DomainPlan): boolean => vcpus.source === 'threads';

/**
 * Sets posting to no for interrupts that the host has taken meanwhile, unless an event between the samples said that
 * they are posted.
 */
export function withCountedPosting(before: readonly DomainPlan[], after: readonly DomainPlan[]): DomainPlan[] {
  const earlier = interruptsOf(before);
  return after.map((plan) =>
    mapInterrupts(plan, (interrupt) => {
      const known = earlier.get(interruptKey(interrupt));
      const isNew = isPosted(interrupt) && !(known && isPosted(known));
      const isTaken = Object.keys(takenSince(known, interrupt)).length > 0;
      if (isNew || !isTaken) return interrupt;
      // it was left alone only because it was said to be posted
      const placing = interrupt.reason?.code === 'posted' ? ({ action: 'set', reason: null } as const) : {};
      return { ...interrupt, ...placing, posting: { state: 'no', vcpu: null } };
    }),
  );
}

/** The plan with the counts of the time between. */
function takenBetween(before: DomainPlan, after: DomainPlan): DomainPlan {
  const earlier = interruptsOf([before]);
  return mapInterrupts(after, (interrupt) => {
    return { ...interrupt, counts: takenSince(earlier.get(interruptKey(interrupt)), interrupt) };
  });
}

/** By interruptKey(). */
function interruptsOf(plans: readonly DomainPlan[]): ReadonlyMap<string, InterruptPlan> {
  const interrupts = plans.flatMap(({ devices }) => devices.flatMap((device) => device.interrupts));
  return new Map(interrupts.map((interrupt) => [interruptKey(interrupt), interrupt]));
}

/** Empty for a new interrupt, or another one with the same number. */
function takenSince(earlier: InterruptPlan | undefined, { counts }: InterruptPlan): InterruptPlan['counts'] {
  if (!earlier) return {};
  const taken = Object.entries(counts).map(([cpu, count]) => [cpu, count - (earlier.counts[cpu] ?? 0)] as const);
  return Object.fromEntries(taken.filter(([, count]) => count > 0));
}

function verdictOf(device: DevicePlan, { vcpus }: DomainPlan, seconds: number): DeviceVerdict {
  const inUse = device.interrupts.filter(({ handlers }) => handlers.length > 0);
  const own = inUse.filter((interrupt) => restOfSet(interrupt).length > 0);
  const { all } = deliveryShare(inUse, EMPTY);
  const share = (cpus: Cpuset | null | undefined) => (cpus ? deliveryShare(inUse, cpus) : undefined);
  const onWanted = share(device.cpus);
  const onOwnTarget = own.length > 0 ? onTargets(own) : undefined;
  const nearVcpuCpus = intersect(vcpus.cpus ?? EMPTY, device.preferred);
  const posted = inUse.filter(isPosted).length;
  return {
    kind: kindOf({ inUse: inUse.length, posted, all, wanted: onWanted && [onWanted, onOwnTarget] }),
    perSecond: all / seconds,
    onWanted,
    onVcpuCpus: share(vcpus.cpus),
    onNode: share(device.locality && device.locality.far.length > 0 ? device.locality.near : undefined),
    onOwnTarget,
    onNearVcpuCpus: share(nearVcpuCpus.length > 0 ? nearVcpuCpus : undefined),
    inUse: inUse.length,
    posted,
    unknown: inUse.filter(({ posting }) => posting.state === 'unknown').length,
    hasLine: inUse.some(({ type }) => type === 'intx'),
  };
}

function kindOf(found: {
  inUse: number;
  posted: number;
  all: number;
  /** shares that are to be complete; undefined: the policy gives no CPUs */
  wanted: (DeliveryShare | undefined)[] | undefined;
}): VerdictKind {
  const { inUse, posted, all, wanted } = found;
  if (inUse === 0) return 'none';
  if (posted === inUse) return 'posted';
  if (all === 0) return 'idle';
  if (!wanted) return 'native';
  return wanted.every((share) => !share || share.on === share.all) ? 'in-place' : 'misplaced';
}

function onTargets(interrupts: readonly InterruptPlan[]): DeliveryShare {
  const sum: DeliveryShare = { all: 0, on: 0 };
  for (const interrupt of interrupts) {
    const { all, on } = deliveryShare([interrupt], interrupt.target ?? EMPTY);
    sum.all += all;
    sum.on += on;
  }
  return sum;
}

function ownIrqs({ devices }: DomainPlan): Set<string> {
  return new Set(devices.flatMap(({ interrupts }) => interrupts.map(({ irq }) => `${irq}`)));
}

interface BusyLine {
  label: string;
  description: string;
  taken: number;
}

function busiestBetween(
  before: InterruptLines | undefined,
  after: InterruptLines | undefined,
  own: ReadonlySet<string>,
): BusyLine[] | undefined {
  if (!before || !after) return undefined;
  const busy: BusyLine[] = [];
  for (const [label, { count, description }] of after) {
    const taken = count - (before.get(label)?.count ?? 0);
    if (taken > 0 && !own.has(label) && !OWN_LABELS.has(label)) busy.push({ label, description, taken });
  }
  return busy.sort((a, b) => b.taken - a.taken).slice(0, MAX_FOREIGN);
}

function foreignOf(
  { label, description }: Pick<BusyLine, 'label' | 'description'>,
  handlersOf: (irq: number) => readonly string[],
): Pick<ForeignInterrupt, 'irq' | 'name'> {
  if (!/^\d+$/.test(label)) return { irq: null, name: description === '' ? label : `${description} (${label})` };
  const handlers = handlersOf(Number(label)).join(', ');
  return { irq: Number(label), name: handlers === '' ? description || 'no handler' : handlers };
}
