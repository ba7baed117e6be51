import { formatCpuset, size, subtract } from '../../domain/cpuset.js';
import { attributeOfPolicy, devicePolicies } from '../../domain/device-policies.js';
import type { Rule } from '../rule.js';

export const vcpusUnknown: Rule = {
  name: 'vcpus-unknown',
  severity: 'warning',
  summary: 'vcpus names a vCPU that the domain does not have',
  needsDomain: true,
  check(definition, report) {
    const { maxVcpus } = definition.vcpuPinning;
    if (maxVcpus === undefined || maxVcpus === 0) return;
    const existing = [{ first: 0, last: maxVcpus - 1 }];
    for (const stated of devicePolicies(definition).devices) {
      const { policy, device } = stated;
      if (!device.placeable || policy?.kind !== 'auto' || !policy.vcpus) continue;
      const unknown = subtract(policy.vcpus, existing);
      const range = unknown.length > 0 ? attributeOfPolicy(definition.document, stated, 'vcpus') : undefined;
      if (!range) continue;
      const none = size(unknown) === size(policy.vcpus);
      const which = `vCPU${size(unknown) === 1 ? '' : 's'} ${formatCpuset(unknown)}`;
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        ...(none ? { severity: 'error' } : {}),
        message: `the domain has no ${which}, only ${formatCpuset(existing)}${none ? ': nothing would be placed' : ''}`,
      });
    }
  },
};
