import { formatCpuset } from '../../domain/cpuset.js';
import { devicesWithPolicy, followedCpus, type HostRule } from './context.js';

export const hostAutoUnpinned: HostRule = {
  name: 'host-auto-unpinned',
  severity: 'warning',
  summary: 'auto where the vCPUs may run on every CPU of this host: nothing is placed',
  check(definition, host, report) {
    const { online } = host.snapshot.topology;
    const vcpus = followedCpus(definition, host);
    // a vCPU without any pin needs no host to be seen: auto-unpinned
    const unpinned = definition.vcpuPinning.vcpus.some(({ source }) => source === 'host');
    if (vcpus.cpus || vcpus.because !== 'unpinned' || unpinned) return;
    const followers = devicesWithPolicy(definition, host).filter(({ policy }) => policy.kind === 'auto');
    for (const { place } of followers) {
      report({
        ...place,
        message: `auto follows the vCPUs, but they may run on every CPU of this host (${formatCpuset(online)}): nothing would be placed`,
        hint: 'pin the vCPUs to fewer CPUs, or name the CPUs in the policy',
      });
    }
  },
};
