import { cpusetOf, formatCpuset, size } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { devicePolicies } from '../../domain/device-policies.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import type { Finding, Rule } from '../rule.js';

export const autoUnpinned: Rule = {
  name: 'auto-unpinned',
  severity: 'warning',
  summary: 'policy auto, but a vCPU is not pinned: nothing is placed',
  check(definition, report) {
    const { document, metadata, vcpuPinning } = definition;
    if (vcpuPinning.cpus) return;
    const unpinned = cpusetOf(unpinnedVcpus(definition));
    const count = size(unpinned);
    if (count === 0) return;
    const who =
      count === vcpuPinning.vcpus.length ? 'no vCPU' : `vCPU${count === 1 ? '' : 's'} ${formatCpuset(unpinned)}`;
    const pinned = count === vcpuPinning.vcpus.length ? 'is' : count === 1 ? 'is not' : 'are not';
    const message = `auto follows the vCPUs, but ${who} ${pinned} pinned: nothing would be placed`;
    const hint = "pin every vCPU (<vcpupin …/> or <vcpu cpuset='…'>), or set the policy to a cpuset";
    const defaultAttribute = metadata[0] && attributeOf(document, metadata[0].node, 'default');
    if (defaultAttribute && metadata[0]?.default === 'auto') report({ ...placeOf(defaultAttribute), message, hint });
    for (const { device, policy, entry } of devicePolicies(definition).devices) {
      if (policy?.kind !== 'auto' || !device.placeable) continue;
      const place = device.attribute?.range ?? entry?.node;
      if (place) report({ ...placeOf(place), message, hint });
    }
  },
};

/** vCPUs that may run on all CPUs, except those with an invalid pin, which other rules report. */
function unpinnedVcpus({ document, vcpuPinning: { vcpus, pins } }: Definition): number[] {
  if (select('/domain/vcpu', document).some((node) => node.hasAttribute('cpuset'))) return [];
  const named = new Set(pins.map(({ vcpu }) => vcpu));
  return vcpus.filter(({ vcpu, source }) => source === 'host' && !named.has(vcpu)).map(({ vcpu }) => vcpu);
}

const placeOf = ({ start, end }: { start: number; end: number }): Pick<Finding, 'offset' | 'end'> => ({
  offset: start,
  end,
});
