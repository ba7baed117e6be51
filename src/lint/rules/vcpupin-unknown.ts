import { attributeOf } from '../../xml/attributes.js';
import type { Rule } from '../rule.js';

export const vcpupinUnknown: Rule = {
  name: 'vcpupin-unknown',
  severity: 'warning',
  summary: 'a vcpupin for a vCPU that the domain does not have: libvirt drops it',
  check({ document, vcpuPinning: { maxVcpus, pins } }, report) {
    if (maxVcpus === undefined || maxVcpus === 0) return;
    for (const { node, vcpu } of pins) {
      if (vcpu === undefined || vcpu < maxVcpus) continue;
      const range = attributeOf(document, node, 'vcpu');
      if (!range) continue;
      const existing = maxVcpus === 1 ? 'only 0' : `only 0 to ${maxVcpus - 1}`;
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        message: `the domain has no vCPU ${vcpu}, ${existing}: libvirt drops this pin`,
      });
    }
  },
};
