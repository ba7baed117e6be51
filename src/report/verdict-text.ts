import type { DevicePlan, DomainPlan } from '../affinity/domain-plan.js';
import { formatCpuset } from '../domain/cpuset.js';
import { printable } from '../lib/printable.js';
import { wrap } from '../lib/text-wrap.js';
import { type DeliveryShare, formatShare } from './delivery-share.js';
import { formatRate } from './rates.js';
import { MIN_WIDTH } from './text-columns.js';
import type { DeviceVerdict, DomainVerdict, ForeignInterrupt } from './verdict.js';

/** Interrupts per second: at 10 us each, fewer take less than 0.1 % of a CPU. */
const FEW_PER_SECOND = 100;

/** One sentence per device, and the other interrupts on its vCPUs' CPUs; wrapped for a terminal, with line ends. */
export function formatVerdict(plan: DomainPlan, verdict: DomainVerdict, columns: number): string {
  const width = Math.max(MIN_WIDTH, columns);
  const { seconds, devices, foreign } = verdict;
  if (devices.length === 0) return '';
  const of = (device: DevicePlan, index: number) => {
    const name = device.address ?? device.element;
    return wrap(`${name}: ${deviceSentence(device, devices[index] as DeviceVerdict, seconds)}`, width, 2, 4);
  };
  const lines = [
    ...wrap(`${printable(plan.name)}, in ${durationText(seconds)}:`, width, 0, 2),
    ...plan.devices.flatMap(of),
    ...(plan.vcpus.cpus ? wrap(foreignSentence(formatCpuset(plan.vcpus.cpus), foreign), width, 2, 4) : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The effect of a device's policy, in one sentence without a full stop. */
export function deviceSentence(device: DevicePlan, verdict: DeviceVerdict, seconds: number): string {
  const { kind, inUse, posted, unknown } = verdict;
  switch (kind) {
    case 'none':
      return "no interrupt is in use: the guest's driver has enabled none";
    case 'posted':
      return `the hardware posts ${inUse === 1 ? 'its interrupt' : `all its ${inUse} interrupts`} to vCPUs: a policy changes nothing`;
    case 'idle':
      return (
        `no interrupt in ${durationText(seconds)}: it is idle, or the guest polls it` +
        (unknown > 0 ? ', or the hardware posts its interrupts to vCPUs' : '') +
        (posted > 0 ? ` (${posted} of ${inUse} are posted to vCPUs)` : '')
      );
    case 'native':
      return `${nativeStart(device)}: ${measured(device, verdict)}${nativeHint(device, verdict)}`;
    case 'in-place':
      return `in place: ${measured(device, verdict)}`;
    case 'misplaced':
      return `not in place: ${measured(device, verdict)}`;
  }
}

const nativeStart = ({ policy }: DevicePlan) => (policy === 'native' ? 'no policy places it' : 'nothing is placed');

/** The effect that `auto` would have, if no policy places the device. */
function nativeHint({ policy }: DevicePlan, { onVcpuCpus, onNearVcpuCpus, perSecond }: DeviceVerdict): string {
  if (policy !== 'native' || perSecond < FEW_PER_SECOND) return '';
  if (areSomeElsewhere(onVcpuCpus)) return "; cpuset='auto' brings them to the vCPUs' CPUs";
  return areSomeElsewhere(onNearVcpuCpus) ? "; cpuset='auto' brings them to the device's node" : '';
}

const areSomeElsewhere = (share: DeliveryShare | undefined) => share !== undefined && share.on < share.all;

function measured({ policy }: DevicePlan, verdict: DeviceVerdict): string {
  const { perSecond, onWanted, onVcpuCpus, onNode, onOwnTarget, inUse, posted, hasLine } = verdict;
  const parts = [
    `${formatRate(perSecond)} interrupts/s`,
    ...shareOf(onWanted && onWanted.on < onWanted.all ? onWanted : undefined, 'on the wanted CPUs'),
    ...shareOf(onVcpuCpus, "on the vCPUs' CPUs"),
    ...shareOf(onNode, "on the device's node"),
    ...shareOf(onOwnTarget, policy === 'auto' ? 'on the CPUs of their own vCPU' : 'on CPUs of their own'),
    ...(posted > 0 ? [`${posted} of ${inUse} posted to vCPUs`] : []),
  ].join(', ');
  const few = perSecond < FEW_PER_SECOND ? '; too few to matter' : '';
  return `${parts}${few}${hasLine ? '; it uses INTx: MSI in the guest is faster' : ''}`;
}

function shareOf(share: DeliveryShare | undefined, where: string): string[] {
  return share && share.all > 0 ? [`${formatShare(share)} ${where}`] : [];
}

function foreignSentence(cpus: string, foreign: readonly ForeignInterrupt[] | null): string {
  if (foreign === null) return `others on CPU ${cpus}: unknown, /proc/interrupts cannot be read`;
  if (foreign.length === 0) return `no other interrupt on CPU ${cpus}`;
  const names = foreign.map(({ irq, name, perSecond }) => {
    return `${printable(name)}${irq === null ? '' : ` (IRQ ${irq})`} ${formatRate(perSecond)}/s`;
  });
  return `others on CPU ${cpus}: ${names.join(', ')}`;
}

/** `1 s`, `2.5 s`. */
function durationText(seconds: number): string {
  return `${Number(seconds.toFixed(1))} s`;
}
