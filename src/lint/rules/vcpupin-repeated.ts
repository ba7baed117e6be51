import { attributeOf } from '../../xml/attributes.js';
import type { XmlElement } from '../../xml/element.js';
import type { Rule } from '../rule.js';

export const vcpupinRepeated: Rule = {
  name: 'vcpupin-repeated',
  severity: 'error',
  summary: 'two vcpupin of one vCPU: libvirt refuses the domain',
  check({ document, vcpuPinning: { maxVcpus, pins } }, report) {
    const seen = new Map<number, XmlElement>();
    for (const { node, vcpu } of pins) {
      // libvirt drops the pins of vCPUs that are not there before it compares
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
        const message = `vCPU ${vcpu} is pinned in line ${line} already`;
        report({ offset: range.valueStart, end: range.valueEnd, message, hint: 'keep one of the two' });
      }
    }
  },
};
