import type { Rule } from '../rule.js';
import { invalidCpusets } from './invalid-cpusets.js';

export const cpusetSyntax: Rule = {
  name: 'cpuset-syntax',
  severity: 'error',
  summary: "a cpuset that libvirt's schema or parser does not accept",
  check(definition, report) {
    for (const { name, value, range, exact, error } of invalidCpusets(definition)) {
      if (error.code === 'empty') continue;
      const { message, at, suggestion } = error;
      const comma = value.indexOf(',', at);
      report({
        offset: range.valueStart + (exact ? at : 0),
        end: exact && comma > at ? range.valueStart + comma : range.valueEnd,
        message: `${name}: ${message}`,
        ...(suggestion === undefined ? {} : { hint: `${name}="${suggestion}"` }),
      });
    }
  },
};
