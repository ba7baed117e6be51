import { statedPolicies } from '../../domain/stated-policies.js';
import type { Rule } from '../rule.js';

export const autoUnpinned: Rule = {
  name: 'auto-unpinned',
  severity: 'warning',
  summary: 'auto without any vCPU pinning',
  check(definition, report) {
    const { document, metadata, placement } = definition;
    const loose = placement.vcpus.filter(({ source }) => source === 'host').map(({ vcpu }) => vcpu);
    if (loose.length === 0) return;
    const who = loose.length === placement.vcpus.length ? 'the vCPUs are' : `vCPU ${loose[0]} is`;
    const message = `auto follows the vCPUs, and ${who} not pinned: nothing will be placed`;
    const hint = 'pin every vCPU with <vcpupin> or <vcpu cpuset="…">, or name CPUs here';
    const standard = metadata[0];
    if (standard?.default === 'auto') report({ offset: document.rangeOf(standard.node).start, message, hint });
    for (const { device, policy, entry } of statedPolicies(definition).devices) {
      if (policy?.kind !== 'auto' || !device.placeable) continue;
      const offset = device.attribute?.range.start ?? (entry ? document.rangeOf(entry.node).start : 0);
      report({ offset, message, hint });
    }
  },
};
