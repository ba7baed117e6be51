import { type Cpuset, cpusetOf, formatCpuset, intersect, size, subtract } from '../../domain/cpuset.js';
import { attributeOfPolicy, devicePolicies } from '../../domain/device-policies.js';
import type { Rule } from '../rule.js';

export const vcpusUnknown: Rule = {
  name: 'vcpus-unknown',
  severity: 'warning',
  summary: 'vcpus names a vCPU that the domain does not have, or only disabled ones',
  needsDomain: true,
  check(definition, report) {
    const { maxVcpus, vcpus } = definition.vcpuPinning;
    if (maxVcpus === undefined || maxVcpus === 0) return;
    const existing = [{ first: 0, last: maxVcpus - 1 }];
    const enabled = cpusetOf(vcpus.map(({ vcpu }) => vcpu));
    for (const stated of devicePolicies(definition).devices) {
      const { policy, device } = stated;
      if (!device.placeable || policy?.kind !== 'auto' || !policy.vcpus) continue;
      const unknown = subtract(policy.vcpus, existing);
      const known = intersect(policy.vcpus, existing);
      const areDisabled = known.length > 0 && intersect(known, enabled).length === 0;
      const range = attributeOfPolicy(definition.document, stated, 'vcpus');
      if (!range || (unknown.length === 0 && !areDisabled)) continue;
      const place = { offset: range.valueStart, end: range.valueEnd };
      if (unknown.length > 0) {
        const none = known.length === 0;
        const message = `the domain has no ${named(unknown)}, only ${formatCpuset(existing)}`;
        report({ ...place, ...(none ? { severity: 'error', message: `${message}: ${NOTHING}` } : { message }) });
      }
      if (areDisabled) {
        const [is, one] = size(known) === 1 ? ['is', 'it is'] : ['are', 'one of them is'];
        report({ ...place, message: `${named(known)} ${is} disabled: ${NOTHING} until ${one} plugged` });
      }
    }
  },
};

const NOTHING = 'nothing would be placed';
const named = (vcpus: Cpuset) => `vCPU${size(vcpus) === 1 ? '' : 's'} ${formatCpuset(vcpus)}`;
