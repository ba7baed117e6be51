import { type Cpuset, cpusetOf, formatCpuset, intersect, size, subtract, union } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { attributeOfPolicy, devicePolicies } from '../../domain/device-policies.js';
import { parseCpuset } from '../../domain/parse-cpuset.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import type { Rule } from '../rule.js';

export const autoRealtime: Rule = {
  name: 'auto-realtime',
  severity: 'warning',
  summary: 'policy auto includes a vCPU with a real-time scheduler: the device delays it',
  check(definition, report) {
    const { document, metadata, vcpuPinning } = definition;
    const realtime = realtimeVcpus(definition);
    if (realtime.length === 0) return;
    const enabled = cpusetOf(vcpuPinning.vcpus.map(({ vcpu }) => vcpu));
    const unpinned = cpusetOf(vcpuPinning.vcpus.filter(({ source }) => source === 'host').map(({ vcpu }) => vcpu));
    const reportAt = (place: { start: number; end: number }, only: Cpuset | null, hint: (others: string) => string) => {
      const counted = only ? intersect(only, enabled) : enabled;
      const included = intersect(counted, realtime);
      // with an unpinned vCPU nothing is placed: auto-unpinned reports that
      if (included.length === 0 || intersect(counted, unpinned).length > 0) return;
      const rest = subtract(counted, realtime);
      const others = rest.length > 0 ? rest : subtract(enabled, realtime);
      const who = `vCPU${size(included) === 1 ? ' ' : 's '}${formatCpuset(included)}`;
      report({
        offset: place.start,
        end: place.end,
        message: `auto includes ${who}, which ${size(included) === 1 ? 'has' : 'have'} a real-time scheduler: the device's interrupts would delay ${size(included) === 1 ? 'it' : 'them'}`,
        hint:
          others.length > 0
            ? hint(formatCpuset(others))
            : 'set the policy to a cpuset, as every vCPU has a real-time scheduler',
      });
    };
    const [element] = metadata;
    const standard = element?.default === 'auto' ? attributeOf(document, element.node, 'default') : undefined;
    if (standard) reportAt(standard, null, (others) => `state cpuset="auto" vcpus="${others}" for each device`);
    for (const stated of devicePolicies(definition).devices) {
      const { policy, device, entry } = stated;
      if (policy?.kind !== 'auto' || !device.placeable) continue;
      const place =
        attributeOfPolicy(document, stated, 'vcpus') ??
        device.attribute?.range ??
        (entry && { start: entry.node.start, end: entry.node.openEnd });
      if (place) reportAt(place, policy.vcpus, (others) => `vcpus="${others}"`);
    }
  },
};

/**
 * vCPUs with `fifo` or `rr`: `<vcpusched vcpus='2-3' scheduler='fifo' priority='1'/>` (libvirt: formatdomain, CPU
 * tuning).
 */
function realtimeVcpus({ document }: Definition): Cpuset {
  const sets = select('/domain/cputune/vcpusched', document).map((node) => {
    const set = /^(fifo|rr)$/.test(node.getAttribute('scheduler') ?? '')
      ? parseCpuset(node.getAttribute('vcpus') ?? '', 'vCPU')
      : undefined;
    return set?.ok ? set.set : [];
  });
  return union(...sets);
}
