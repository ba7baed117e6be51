import { EMPTY, intersect, subtract } from '../../domain/cpuset.js';
import { devicesWithPolicy, type HostRule } from './context.js';
import { absentInWords, areInWords, inWords } from './format.js';

export const hostCpuUnusable: HostRule = {
  name: 'host-cpu-unusable',
  severity: 'error',
  summary: 'a policy comes to CPUs that the host does not have, that are offline, or that its configuration excludes',
  check(definition, host, report) {
    const { topology } = host.snapshot;
    for (const { policy, asked = EMPTY, used, place } of devicesWithPolicy(definition, host)) {
      // with auto it is the pin that names them: host-vcpupin-unusable
      const gone = policy.kind === 'cpuset' ? absentInWords(asked, topology) : [];
      const barred = subtract(intersect(asked, topology.online), used);
      const said = barred.length > 0 ? [...gone, `${areInWords(barred)} not among the allowedCpus of this host`] : gone;
      if (said.length === 0) continue;
      // as long as one is left the interrupts are placed, only not as asked; what the host's owner excludes is meant so
      const severity = used.length === 0 ? 'error' : gone.length > 0 ? 'warning' : 'note';
      const result = used.length > 0 ? `${inWords(used)} would be used` : 'nothing would be placed';
      report({ ...place, severity, message: `${said.join(', ')}: ${result}` });
    }
  },
};
