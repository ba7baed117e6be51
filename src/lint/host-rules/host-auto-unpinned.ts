import { formatCpuset, has } from '../../domain/cpuset.js';
import { autoCpus, devicesWithPolicy, type HostRule } from './context.js';

export const hostAutoUnpinned: HostRule = {
  name: 'host-auto-unpinned',
  severity: 'warning',
  summary: 'policy auto, but the vCPUs may run on all CPUs of this host: nothing is placed',
  check(definition, host, report) {
    const { online } = host.snapshot.topology;
    for (const { policy, place } of devicesWithPolicy(definition, host)) {
      if (policy.kind !== 'auto') continue;
      const { vcpus: only } = policy;
      const cpus = autoCpus(definition, host, only);
      // the rule auto-unpinned reports a vCPU without any pin
      const hasUnpinned = definition.vcpuPinning.vcpus.some(
        ({ vcpu, source }) => source === 'host' && (!only || has(only, vcpu)),
      );
      if (cpus.cpus || cpus.because !== 'unpinned' || hasUnpinned) continue;
      report({
        ...place,
        message: `auto follows the vCPUs, but they may run on all CPUs of this host (${formatCpuset(online)}): nothing would be placed`,
        hint: 'pin the vCPUs to fewer CPUs, or set the policy to a cpuset',
        oneCause: true,
      });
    }
  },
};
