/** The library: everything is pure, and importing it does nothing. */

export { formatMask, parseCpuList, parseMask } from './domain/cpu-mask.js';
export { type CpuRange, type Cpuset, cpusetOf, cpusOf, formatCpuset } from './domain/cpuset.js';
export { type Definition, readDefinition } from './domain/definition.js';
export type { Device } from './domain/devices.js';
export type { Identity } from './domain/identity.js';
export { type DefaultPolicy, type Entry, NAMESPACE, type PolicyMetadata } from './domain/metadata.js';
export { type CpusetError, type CpusetResult, parseCpuset } from './domain/parse-cpuset.js';
export type { Placement, VcpuPlacement } from './domain/placement.js';
export { formatPolicy, type Policy, parsePolicy } from './domain/policy.js';
export { type Linted, lintDocument } from './lint/lint-document.js';
export type { Finding, Rule, RuleInfo, Severity } from './lint/rule.js';
export { ALL_RULES } from './lint/rules/index.js';
export { expand } from './transform/expand.js';
export { type NormalizeOptions, normalize } from './transform/normalize.js';
export { decode } from './xml/decode.js';
export { InputError } from './xml/input-error.js';
export { parseXml } from './xml/parse.js';
