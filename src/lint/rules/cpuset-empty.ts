import type { Rule } from '../rule.js';
import { invalidCpusets } from './invalid-cpusets.js';

export const cpusetEmpty: Rule = {
  name: 'cpuset-empty',
  severity: 'error',
  summary: 'a cpuset without any CPU',
  check(definition, report) {
    for (const { name, range, policy, error } of invalidCpusets(definition)) {
      if (error.code !== 'empty') continue;
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        message: `${name} ${error.message}`,
        hint: policy && name === 'cpuset' ? 'cpuset="0-3", cpuset="auto" or cpuset="native"' : `${name}="0-3"`,
      });
    }
  },
};
