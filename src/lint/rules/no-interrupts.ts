import type { Rule } from '../rule.js';

export const noInterrupts: Rule = {
  name: 'no-interrupts',
  severity: 'error',
  summary: 'a policy on a device that has no host interrupts of its own',
  check({ devices }, report) {
    for (const { attribute, label, placeable } of devices) {
      if (!attribute || placeable) continue;
      for (const [name, { start, end }] of attribute.ranges) {
        report({
          offset: start,
          end,
          message: `<${label}> has no host interrupts of its own: only PCI devices have them`,
          hint: `remove the ${name} attribute`,
        });
      }
    }
  },
};
