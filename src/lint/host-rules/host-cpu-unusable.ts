import { EMPTY, intersect, subtract } from '../../domain/cpuset.js';
import { devicesWithPolicy, type HostRule } from './context.js';
import { formatCpus, formatCpusAre, formatUnusable } from './format.js';

export const hostCpuUnusable: HostRule = {
  name: 'host-cpu-unusable',
  severity: 'error',
  summary: 'a policy with CPUs that the host does not have, that are offline, or that its configuration does not allow',
  check(definition, host, report) {
    const { topology } = host.snapshot;
    for (const { policy, requested = EMPTY, usable, target, place } of devicesWithPolicy(definition, host)) {
      // with auto, host-vcpupin-unusable reports the pin that names them
      const unusable = policy.kind === 'cpuset' ? formatUnusable(requested, topology) : [];
      const forbidden = subtract(intersect(requested, topology.online), usable);
      const reasons = [...unusable];
      if (forbidden.length > 0)
        reasons.push(`${formatCpusAre(forbidden)} not in allowedCpus of this host's configuration`);
      if (reasons.length === 0) continue;
      // with at least one usable CPU the interrupts are placed; a restriction by the configuration is intended
      const severity = usable.length === 0 ? 'error' : unusable.length > 0 ? 'warning' : 'note';
      const result = target.length > 0 ? `${formatCpus(target)} would be used` : 'nothing would be placed';
      report({ ...place, severity, message: `${reasons.join(', ')}: ${result}` });
    }
  },
};
