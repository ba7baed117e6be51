import type { Definition } from '../../domain/definition.js';
import type { Finding } from '../rule.js';
import type { HostRule, LintHost } from './context.js';
import { hostAutoUnpinned } from './host-auto-unpinned.js';
import { hostCpuUnusable } from './host-cpu-unusable.js';
import { hostDefaultAffinity } from './host-default-affinity.js';
import { hostDeviceAbsent } from './host-device-absent.js';
import { hostDriver } from './host-driver.js';
import { hostFewVectors } from './host-few-vectors.js';
import { hostIrqbalance } from './host-irqbalance.js';
import { hostRemoteNode } from './host-remote-node.js';
import { hostVcpupinUnusable } from './host-vcpupin-unusable.js';

export type { HostRule, LintHost } from './context.js';

/** The rules of `lint-domain --host`, in the order in which they run. */
export const HOST_RULES: readonly HostRule[] = [
  hostCpuUnusable,
  hostVcpupinUnusable,
  hostAutoUnpinned,
  hostDeviceAbsent,
  hostRemoteNode,
  hostFewVectors,
  hostDriver,
  hostIrqbalance,
  hostDefaultAffinity,
];

/** The findings of the host rules. */
export function hostFindings(definition: Definition, host: LintHost): Finding[] {
  const findings: Finding[] = [];
  for (const { name, severity, check } of HOST_RULES) {
    check(definition, host, (finding) => findings.push({ rule: name, severity, ...finding }));
  }
  return findings;
}
