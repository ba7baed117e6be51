import type { Element } from '@xmldom/xmldom';
import { parseCpuset } from '../../domain/parse-cpuset.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import type { Report, Rule } from '../rule.js';

/** Elements of libvirt's own whose cpuset decides where vCPUs run. */
const PLACEMENT = '/domain/vcpu[@cpuset] | /domain/cputune/vcpupin[@cpuset]';

export const cpusetSyntax: Rule = {
  name: 'cpuset-syntax',
  severity: 'error',
  summary: "a cpuset is not what libvirt's schema and parser both take",
  check({ document, devices }, report) {
    for (const { attribute } of devices) {
      if (attribute && !attribute.policy.ok && attribute.policy.error.code !== 'empty') {
        complain(report, attribute.range, attribute.policy.error);
      }
    }
    for (const node of select(PLACEMENT, document.dom) as Element[]) {
      const result = parseCpuset(node.getAttribute('cpuset') ?? '');
      const range = attributeOf(document, node, 'cpuset');
      if (range && !result.ok && result.error.code !== 'empty') complain(report, range, result.error);
    }
  },
};

function complain(
  report: Report,
  range: { valueStart: number; valueEnd: number },
  { message, at, suggestion }: { message: string; at: number; suggestion?: string },
): void {
  report({
    offset: range.valueStart + at,
    end: range.valueEnd,
    message: `cpuset ${message}`,
    ...(suggestion === undefined ? {} : { hint: `cpuset="${suggestion}"` }),
  });
}
