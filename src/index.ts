/** The library: docs/library.md. Importing it does nothing; only readHost reads files, and nothing writes. */

export type { Action } from './affinity/domain-plan.js';
export { parseSettings, type Settings } from './affinity/settings.js';
export type { PciAddress } from './domain/address.js';
export { formatMask, parseCpuList, parseMask } from './domain/cpu-mask.js';
export { type CpuRange, type Cpuset, cpusetOf, cpusOf, formatCpuset } from './domain/cpuset.js';
export type { Definition } from './domain/definition.js';
export type { Device } from './domain/devices.js';
export type { PolicySettings } from './domain/effective-policy.js';
export type { Identity } from './domain/identity.js';
export { type DefaultPolicy, type Entry, NAMESPACE, type PolicyMetadata } from './domain/metadata.js';
export { type CpusetError, type CpusetResult, parseCpuset } from './domain/parse-cpuset.js';
export { parseDomain } from './domain/parse-domain.js';
export {
  formatPolicy,
  type Policy,
  type PolicyAttribute,
  type PolicyError,
  type PolicyResult,
  type PolicyText,
  parsePolicy,
  policyAttributes,
  type Spreading,
} from './domain/policy.js';
export type { StatedPolicy } from './domain/stated-policy.js';
export type {
  VcpuAffinity,
  /** @deprecated the name of `VcpuAffinity` in 0.1.0 */
  VcpuAffinity as VcpuPlacement,
  VcpuPinning,
  /** @deprecated the name of `VcpuPinning` in 0.1.0 */
  VcpuPinning as Placement,
} from './domain/vcpu-pinning.js';
export { FileError } from './host/pseudo-fs.js';
export { type ReadHostOptions, readHost } from './host/read-host.js';
export type { DeviceInterrupt, DeviceSnapshot, HostSnapshot } from './host/snapshot.js';
export { InputError } from './lib/input-error.js';
export type { LintConfiguration } from './lint/configuration.js';
export { lint } from './lint/lint.js';
export { parseLintConfiguration } from './lint/parse-configuration.js';
export type { ReportedFinding } from './lint/report.js';
export type { Severity } from './lint/rule.js';
export { ALL_RULES } from './lint/rules/index.js';
export { planReport as plan } from './report/plan-report.js';
export type { ProblemReport as Problem } from './report/problem-report.js';
export type { DeviceReport, DomainReport, InterruptReport } from './report/report.js';
export { expand } from './transform/expand.js';
export { type NormalizeOptions, normalize } from './transform/normalize.js';
export { LineIndex, type Position } from './xml/line-index.js';
