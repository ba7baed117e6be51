import { subtract, union } from '../../domain/cpuset.js';
import { devicesWithPolicy, type HostRule, isOnHost } from './context.js';
import { formatCpus } from './format.js';

export const hostDefaultAffinity: HostRule = {
  name: 'host-default-affinity',
  severity: 'note',
  summary: "the host's default affinity excludes CPUs of a policy: interrupts start elsewhere until they are placed",
  check(definition, host, report) {
    const { defaultAffinity } = host.snapshot.topology;
    const placed = devicesWithPolicy(definition, host).filter(isOnHost);
    const [first] = placed;
    if (!defaultAffinity || !first) return;
    const outside = subtract(union(...placed.map(({ target }) => target)), defaultAffinity);
    if (outside.length === 0) return;
    const message = `new interrupts start on ${formatCpus(defaultAffinity)} (default_smp_affinity) and reach ${formatCpus(outside)} only after they are placed`;
    report({ ...first.place, message });
  },
};
