import { attributeOf } from '../../xml/attributes.js';
import type { XmlElement } from '../../xml/element.js';
import type { Rule } from '../rule.js';

export const vcpupinRepeated: Rule = {
  name: 'vcpupin-repeated',
  severity: 'error',
  summary: 'two vcpupin elements for the same vCPU: libvirt rejects the domain',
  check({ document, vcpuPinning: { maxVcpus, pins } }, report) {
    const seen = new Map<number, XmlElement>();
    for (const { node, vcpu } of pins) {
      // libvirt first drops pins of vCPUs that do not exist
      if (vcpu === undefined || vcpu >= (maxVcpus ?? Number.POSITIVE_INFINITY)) continue;
      const first = seen.get(vcpu);
      if (!first) {
        seen.set(vcpu, node);
        continue;
      }
      const range = attributeOf(document, node, 'vcpu');
      const before = attributeOf(document, first, 'vcpu');
      if (range && before) {
        const { line } = document.lines.at(before.start);
        const message = `vCPU ${vcpu} is already pinned in line ${line}`;
        report({ offset: range.valueStart, end: range.valueEnd, message, hint: 'remove one of them' });
      }
    }
  },
};
