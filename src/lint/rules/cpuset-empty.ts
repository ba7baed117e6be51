import type { Rule } from '../rule.js';
import { invalidCpusets } from './invalid-cpusets.js';

export const cpusetEmpty: Rule = {
  name: 'cpuset-empty',
  severity: 'error',
  summary: 'a cpuset without any CPU',
  check(definition, report) {
    for (const { range, policy, error } of invalidCpusets(definition)) {
      if (error.code !== 'empty') continue;
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        message: `cpuset ${error.message}`,
        hint: policy ? 'cpuset="0-3", cpuset="auto" or cpuset="native"' : 'cpuset="0-3"',
      });
    }
  },
};
