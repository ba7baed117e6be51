import { type Cpuset, formatCpuset } from './cpuset.js';
import { type CpusetError, parseCpuset } from './parse-cpuset.js';

/** Where a device's interrupts are to be placed: docs/policy.md. */
export type Policy = { kind: 'auto' } | { kind: 'native' } | { kind: 'cpuset'; set: Cpuset };

export type PolicyResult = { ok: true; policy: Policy } | { ok: false; error: CpusetError };

/** Parses the value of a `cpuset` attribute: exactly `auto`, `native` or a libvirt cpuset. */
export function parsePolicy(value: string): PolicyResult {
  if (value === 'auto' || value === 'native') return { ok: true, policy: { kind: value } };
  const result = parseCpuset(value);
  if (result.ok) return { ok: true, policy: { kind: 'cpuset', set: result.set } };
  const word = value.trim().toLowerCase();
  if (word === 'auto' || word === 'native') {
    const message = `${JSON.stringify(value)} is not valid: write ${word} without spaces and in lower case`;
    return { ok: false, error: { code: 'syntax', message, at: 0, suggestion: word } };
  }
  if (!/^[a-z][a-z _-]*$/.test(word)) return result;
  const message = `${JSON.stringify(word.slice(0, 24))} is not auto, native or a cpuset`;
  return { ok: false, error: { ...result.error, message } };
}

/** The value of the `cpuset` attribute, in canonical form. */
export function formatPolicy(policy: Policy): string {
  return policy.kind === 'cpuset' ? formatCpuset(policy.set) : policy.kind;
}
