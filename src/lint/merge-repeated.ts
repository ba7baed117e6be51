import type { Finding } from './rule.js';

/** Merges findings with one cause into one, at the first place. Keeps their order. */
export function mergeRepeated(findings: readonly Finding[]): Finding[] {
  const firsts = new Map<string, Finding>();
  return findings.flatMap((finding) => {
    if (!finding.oneCause) return finding;
    const key = JSON.stringify([finding.rule, finding.severity, finding.message]);
    const first = firsts.get(key);
    if (first) {
      first.also ??= [];
      first.also.push(finding.offset);
      return [];
    }
    const merged = { ...finding };
    firsts.set(key, merged);
    return merged;
  });
}
