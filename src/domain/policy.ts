import { type Cpuset, formatCpuset } from './cpuset.js';
import { type CpusetError, parseCpuset } from './parse-cpuset.js';

/** The attributes that state a policy, in the order in which we write them. */
export const POLICY_ATTRIBUTES = ['cpuset', 'vcpus', 'spread', 'controlVectors'] as const;
export type PolicyAttribute = (typeof POLICY_ATTRIBUTES)[number];

/** The values of the attributes that are present. */
export type PolicyText = { [attribute in PolicyAttribute]?: string | undefined };

/** Whether each vector gets one target instead of the whole set. */
export interface Spreading {
  spread: boolean;
  /** this many vectors, from the first on, get the whole set; 0 without spread */
  controlVectors: number;
}

/** Where a device's interrupts are to be placed: docs/policy.md. */
export type Policy =
  /** vcpus: only these vCPUs of the domain are considered; null: all */
  | ({ kind: 'auto'; vcpus: Cpuset | null } & Spreading)
  | { kind: 'native' }
  | ({ kind: 'cpuset'; set: Cpuset } & Spreading);

/** Why a policy is invalid. `at` is an offset in the value of the attribute. */
export interface PolicyError extends Omit<CpusetError, 'code'> {
  attribute: PolicyAttribute;
  /** missing: there is no cpuset; combination: the attribute is not allowed with, or without, another */
  code: CpusetError['code'] | 'value' | 'combination' | 'missing';
}

/** True for an error in the text of a set: of CPUs, or of vCPUs. */
export function isOfCpuset(error: PolicyError): error is PolicyError & CpusetError {
  const { code } = error;
  return code !== 'value' && code !== 'combination' && code !== 'missing';
}

/** `error` is the first of `errors`. */
export type PolicyResult = { ok: true; policy: Policy } | { ok: false; error: PolicyError; errors: PolicyError[] };

/** A device has at most 2048 MSI-X vectors (PCI Express Base Specification, MSI-X Message Control). */
const MAX_CONTROL_VECTORS = 2047;

/** The policy for the value of a default. */
export function defaultPolicy(kind: 'auto' | 'native'): Policy {
  return kind === 'native' ? { kind } : { kind, vcpus: null, spread: false, controlVectors: 0 };
}

/**
 * Parses the attributes of a policy. A string is the value of `cpuset`: exactly `auto`, `native` or a libvirt cpuset.
 */
export function parsePolicy(text: string | PolicyText): PolicyResult {
  const { cpuset, vcpus, spread, controlVectors }: PolicyText = typeof text === 'string' ? { cpuset: text } : text;
  const errors: PolicyError[] = [];
  const failOf =
    (attribute: PolicyAttribute): Fail =>
    (problem) => {
      errors.push({ ...problem, attribute });
      return undefined;
    };
  const where = readWhere(cpuset, failOf('cpuset'));
  const counted = vcpus === undefined ? null : readVcpus(vcpus, failOf('vcpus'));
  const spreads = spread === undefined ? false : readSpread(spread, failOf('spread'));
  const control = controlVectors === undefined ? 0 : readControlVectors(controlVectors, failOf('controlVectors'));
  const forbid = (attribute: PolicyAttribute, without: string) =>
    failOf(attribute)({ code: 'combination', message: `is allowed only with ${without}`, at: 0 });
  if (where && where.kind !== 'auto' && counted) forbid('vcpus', 'cpuset="auto"');
  if (where?.kind === 'native' && spreads !== undefined && spread !== undefined)
    forbid('spread', 'cpuset="auto" or a list of CPUs');
  if (spreads === false && control !== undefined && controlVectors !== undefined)
    forbid('controlVectors', 'spread="yes"');
  const [error] = errors;
  if (error) return { ok: false, error, errors };
  if (!where || counted === undefined || spreads === undefined || control === undefined)
    throw new Error('a value is invalid without an error');
  const spreading: Spreading = { spread: spreads, controlVectors: control };
  if (where.kind === 'native') return { ok: true, policy: { kind: 'native' } };
  if (where.kind === 'cpuset') return { ok: true, policy: { ...where, ...spreading } };
  return { ok: true, policy: { kind: 'auto', vcpus: counted, ...spreading } };
}

/** Records why a value is invalid. */
type Fail = (problem: Omit<PolicyError, 'attribute'>) => undefined;
type Where = { kind: 'auto' } | { kind: 'native' } | { kind: 'cpuset'; set: Cpuset };

function readWhere(value: string | undefined, fail: Fail): Where | undefined {
  if (value === undefined) return fail({ code: 'missing', message: 'is missing: the other attributes need it', at: 0 });
  if (value === 'auto' || value === 'native') return { kind: value };
  const result = parseCpuset(value);
  if (result.ok) return { kind: 'cpuset', set: result.set };
  const word = value.trim().toLowerCase();
  if (word === 'auto' || word === 'native') {
    const message = `${JSON.stringify(value)} is not valid: write ${word} without spaces and in lower case`;
    return fail({ code: 'syntax', message, at: 0, suggestion: word });
  }
  if (!/^[a-z][a-z _-]*$/.test(word)) return fail(result.error);
  return fail({ ...result.error, message: `${JSON.stringify(word.slice(0, 24))} is not auto, native or a cpuset` });
}

function readVcpus(value: string, fail: Fail): Cpuset | undefined {
  const result = parseCpuset(value, 'vCPU');
  return result.ok ? result.set : fail(result.error);
}

function readSpread(value: string, fail: Fail): boolean | undefined {
  if (value === 'yes' || value === 'no') return value === 'yes';
  const word = value.trim().toLowerCase();
  const meant = /^(yes|true|on|1)$/.test(word) ? 'yes' : /^(no|false|off|0)$/.test(word) ? 'no' : undefined;
  return fail(notOfForm(value, 'yes or no', meant));
}

function readControlVectors(value: string, fail: Fail): number | undefined {
  if (/^(0|[1-9]\d{0,3})$/.test(value) && Number(value) <= MAX_CONTROL_VECTORS) return Number(value);
  const digits = /^\s*\+?(\d{1,9})\s*$/.exec(value)?.[1];
  const meant = digits !== undefined && Number(digits) <= MAX_CONTROL_VECTORS ? `${Number(digits)}` : undefined;
  return fail(notOfForm(value, `a whole number from 0 to ${MAX_CONTROL_VECTORS}`, meant));
}

function notOfForm(value: string, form: string, suggestion: string | undefined): Omit<PolicyError, 'attribute'> {
  const message = `${JSON.stringify(value.slice(0, 24))} is not ${form}`;
  return { code: 'value', message, at: 0, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** The value of the `cpuset` attribute, in canonical form. */
export function formatPolicy(policy: Policy): string {
  return policy.kind === 'cpuset' ? formatCpuset(policy.set) : policy.kind;
}

/** All attributes of a policy, in canonical form: those that have their default value are left out. */
export function policyAttributes(policy: Policy): [name: PolicyAttribute, value: string][] {
  const attributes: [PolicyAttribute, string][] = [['cpuset', formatPolicy(policy)]];
  if (policy.kind === 'native') return attributes;
  if (policy.kind === 'auto' && policy.vcpus) attributes.push(['vcpus', formatCpuset(policy.vcpus)]);
  if (policy.spread) attributes.push(['spread', 'yes']);
  if (policy.controlVectors > 0) attributes.push(['controlVectors', `${policy.controlVectors}`]);
  return attributes;
}

/** As text for a tag: `cpuset="auto" spread="yes"`. */
export function formatAttributes(policy: Policy, quote: '"' | "'" = '"'): string {
  return policyAttributes(policy)
    .map(([name, value]) => `${name}=${quote}${value}${quote}`)
    .join(' ');
}
