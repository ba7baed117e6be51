import type { Rule } from '../rule.js';

export const cpusetEmpty: Rule = {
  name: 'cpuset-empty',
  severity: 'error',
  summary: 'a cpuset names no CPU',
  check({ devices }, report) {
    for (const { attribute } of devices) {
      if (!attribute || attribute.policy.ok || attribute.policy.error.code !== 'empty') continue;
      const { valueStart, valueEnd } = attribute.range;
      report({
        offset: valueStart,
        end: valueEnd,
        message: `cpuset ${attribute.policy.error.message}`,
        hint: 'name CPUs, or write auto or native',
      });
    }
  },
};
