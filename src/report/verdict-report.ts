import type { DevicePlan } from '../affinity/domain-plan.js';
import type { DeliveryShare } from './delivery-share.js';
import type { DeviceVerdict, DomainVerdict, ForeignInterrupt, VerdictKind } from './verdict.js';
import { deviceSentence } from './verdict-text.js';

/** A device's interrupts during the seconds of its domain's verdict. */
export interface DeviceVerdictReport {
  kind: VerdictKind;
  /** the sentence in the text report */
  message: string;
  perSecond: number;
  /** shares of the interrupts that were taken, from 0 to 1; null: none were taken, or not applicable */
  shares: { wanted: number | null; vcpuCpus: number | null; node: number | null; ownTarget: number | null };
  posted: number;
}

/** Other interrupts on the CPUs of a domain's vCPUs. */
export interface DomainVerdictReport {
  /** length of the measurement */
  seconds: number;
  /** null: unknown */
  foreign: ForeignInterrupt[] | null;
}

export function deviceVerdictReport(device: DevicePlan, verdict: DeviceVerdict, seconds: number): DeviceVerdictReport {
  const { kind, perSecond, onWanted, onVcpuCpus, onNode, onOwnTarget, posted } = verdict;
  const shares = {
    wanted: partOf(onWanted),
    vcpuCpus: partOf(onVcpuCpus),
    node: partOf(onNode),
    ownTarget: partOf(onOwnTarget),
  };
  return { kind, message: deviceSentence(device, verdict, seconds), perSecond: rounded(perSecond), shares, posted };
}

export function domainVerdictReport({ seconds, foreign }: DomainVerdict): DomainVerdictReport {
  const rates = foreign?.map((one) => ({ ...one, perSecond: rounded(one.perSecond) }));
  return { seconds: rounded(seconds), foreign: rates ?? null };
}

const partOf = (share: DeliveryShare | undefined) => (share && share.all > 0 ? rounded(share.on / share.all) : null);
const rounded = (value: number) => Math.round(value * 1000) / 1000;
