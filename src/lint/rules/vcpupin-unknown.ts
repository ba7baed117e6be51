import { attributeOf } from '../../xml/attributes.js';
import type { Rule } from '../rule.js';

export const vcpupinUnknown: Rule = {
  name: 'vcpupin-unknown',
  severity: 'warning',
  summary: 'vcpupin of a vCPU that the domain does not have: libvirt ignores it',
  check({ document, placement: { maxVcpus, pins } }, report) {
    if (maxVcpus === undefined) return;
    for (const { node, vcpu } of pins) {
      if (vcpu === undefined || vcpu < maxVcpus) continue;
      const range = attributeOf(document, node, 'vcpu');
      report({
        offset: range?.valueStart ?? document.rangeOf(node).start,
        ...(range ? { end: range.valueEnd } : {}),
        message: `the domain has no vCPU ${vcpu}: the last is ${maxVcpus - 1}, and libvirt ignores this pin`,
      });
    }
  },
};
