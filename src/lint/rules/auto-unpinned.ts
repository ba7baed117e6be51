import { type Cpuset, cpusetOf, formatCpuset, intersect, size } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { devicePolicies } from '../../domain/device-policies.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import type { Finding, Rule } from '../rule.js';

export const autoUnpinned: Rule = {
  name: 'auto-unpinned',
  severity: 'warning',
  summary: 'policy auto, but a vCPU is not pinned: nothing is placed',
  needsDomain: true,
  check(definition, report) {
    const { document, metadata, vcpuPinning } = definition;
    if (vcpuPinning.cpus) return;
    const unpinned = cpusetOf(unpinnedVcpus(definition));
    if (unpinned.length === 0) return;
    const all = cpusetOf(vcpuPinning.vcpus.map(({ vcpu }) => vcpu));
    const reportAt = (place: { start: number; end: number }, vcpus: Cpuset) => {
      const counted = intersect(unpinned, vcpus);
      if (counted.length > 0)
        report({ ...placeOf(place), message: messageOf(counted, intersect(all, vcpus)), hint: HINT, oneCause: true });
    };
    const defaultAttribute = metadata[0] && attributeOf(document, metadata[0].node, 'default');
    if (defaultAttribute && metadata[0]?.default === 'auto') reportAt(defaultAttribute, all);
    for (const { device, policy, entry } of devicePolicies(definition).devices) {
      if (policy?.kind !== 'auto' || !device.placeable) continue;
      const place = device.attribute?.range ?? entry?.node;
      if (place) reportAt(place, policy.vcpus ?? all);
    }
  },
};

const HINT = "pin every vCPU (<vcpupin …/> or <vcpu cpuset='…'>), or set the policy to a cpuset";

function messageOf(unpinned: Cpuset, counted: Cpuset): string {
  const count = size(unpinned);
  const none = count === size(counted);
  const who = none ? 'no vCPU' : `vCPU${count === 1 ? '' : 's'} ${formatCpuset(unpinned)}`;
  return `auto follows the vCPUs, but ${who} ${none ? 'is' : count === 1 ? 'is not' : 'are not'} pinned: nothing would be placed`;
}

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
