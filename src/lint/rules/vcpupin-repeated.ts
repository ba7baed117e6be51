import { attributeOf } from '../../xml/attributes.js';
import type { Rule } from '../rule.js';

export const vcpupinRepeated: Rule = {
  name: 'vcpupin-repeated',
  severity: 'error',
  summary: 'two vcpupin of one vCPU: libvirt refuses the domain',
  check({ document, placement: { maxVcpus, pins } }, report) {
    const first = new Map<number, number>();
    for (const { node, vcpu } of pins) {
      const range = attributeOf(document, node, 'vcpu');
      // libvirt drops the pins of vCPUs that are not there before it compares
      if (vcpu === undefined || !range || vcpu >= (maxVcpus ?? Number.POSITIVE_INFINITY)) continue;
      const line = first.get(vcpu);
      if (line === undefined) first.set(vcpu, document.lines.at(range.start).line);
      else {
        const message = `vCPU ${vcpu} is pinned in line ${line} already`;
        report({ offset: range.valueStart, end: range.valueEnd, message, hint: 'keep one of the two' });
      }
    }
  },
};
