import type { Definition } from '../../domain/definition.js';
import type { Finding, RuleInfo } from '../rule.js';
import type { HostRule, LintHost } from './context.js';
import { hostAutoUnpinned } from './host-auto-unpinned.js';
import { hostCpuUnusable } from './host-cpu-unusable.js';
import { hostDefaultAffinity } from './host-default-affinity.js';
import { hostDeviceAbsent } from './host-device-absent.js';
import { hostDriver } from './host-driver.js';
import { hostFewVectors } from './host-few-vectors.js';
import { hostIrqbalance } from './host-irqbalance.js';
import { hostPosting } from './host-posting.js';
import { hostRemoteNode } from './host-remote-node.js';
import { hostVcpupinUnusable } from './host-vcpupin-unusable.js';
import { hostSharedCore, hostSharedCpu } from './shared-cpus.js';

export type { HostRule, LintHost } from './context.js';

/** Rules that check one definition, in the order in which they run. */
const RULES_OF_ONE: readonly HostRule[] = [
  hostCpuUnusable,
  hostVcpupinUnusable,
  hostAutoUnpinned,
  hostDeviceAbsent,
  hostRemoteNode,
  hostFewVectors,
  hostDriver,
  hostIrqbalance,
  hostDefaultAffinity,
  hostPosting,
];

/** The rules of `lint-domain --host`; the last ones compare the guests of one call. */
export const HOST_RULES: readonly RuleInfo[] = [...RULES_OF_ONE, hostSharedCpu, hostSharedCore];

/** The findings of the rules that check one definition. */
export function hostFindings(definition: Definition, host: LintHost): Finding[] {
  const findings: Finding[] = [];
  for (const { name, severity, check } of RULES_OF_ONE) {
    check(definition, host, (finding) => findings.push({ rule: name, severity, ...finding }));
  }
  return findings;
}
