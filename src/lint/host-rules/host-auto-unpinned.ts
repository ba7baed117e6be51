import { formatCpuset } from '../../domain/cpuset.js';
import { autoCpus, devicesWithPolicy, type HostRule } from './context.js';

export const hostAutoUnpinned: HostRule = {
  name: 'host-auto-unpinned',
  severity: 'warning',
  summary: 'policy auto, but the vCPUs may run on all CPUs of this host: nothing is placed',
  check(definition, host, report) {
    const { online } = host.snapshot.topology;
    const vcpus = autoCpus(definition, host);
    // the rule auto-unpinned reports a vCPU without any pin
    const unpinned = definition.vcpuPinning.vcpus.some(({ source }) => source === 'host');
    if (vcpus.cpus || vcpus.because !== 'unpinned' || unpinned) return;
    const devices = devicesWithPolicy(definition, host).filter(({ policy }) => policy.kind === 'auto');
    for (const { place } of devices) {
      report({
        ...place,
        message: `auto follows the vCPUs, but they may run on all CPUs of this host (${formatCpuset(online)}): nothing would be placed`,
        hint: 'pin the vCPUs to fewer CPUs, or set the policy to a cpuset',
      });
    }
  },
};
