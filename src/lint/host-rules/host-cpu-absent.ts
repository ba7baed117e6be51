import { formatCpuset, intersect, subtract } from '../../domain/cpuset.js';
import { type HostRule, placedDevices } from './host-rule.js';

export const hostCpuAbsent: HostRule = {
  name: 'host-cpu-absent',
  severity: 'error',
  summary: 'a cpuset names CPUs that the host does not have, or that are offline',
  check(definition, host, report) {
    const { present, online } = host.snapshot.topology;
    for (const { policy, place } of placedDevices(definition, host)) {
      if (policy.kind !== 'cpuset') continue;
      const absent = subtract(policy.set, present);
      const offline = subtract(intersect(policy.set, present), online);
      const said = [
        ...(absent.length > 0 ? [`the host has no CPU ${formatCpuset(absent)}`] : []),
        ...(offline.length > 0 ? [`CPU ${formatCpuset(offline)} is offline`] : []),
      ];
      if (said.length === 0) continue;
      const rest = intersect(policy.set, online);
      const result = rest.length > 0 ? `${formatCpuset(rest)} would be used` : 'nothing would be placed';
      // as long as one is left the interrupts are placed, only not as asked
      report({ ...place, severity: rest.length > 0 ? 'warning' : 'error', message: `${said.join(', ')}: ${result}` });
    }
  },
};
