import { firstBelow } from '../../xml/select.js';
import type { Rule } from '../rule.js';

export const noInterrupts: Rule = {
  name: 'no-interrupts',
  severity: 'error',
  summary: 'a policy on a device that has no host interrupts of its own',
  check({ devices }, report) {
    for (const { attribute, label, placeable, node } of devices) {
      if (!attribute || placeable) continue;
      const isTeam = node.tagName === 'interface' && firstBelow(node, 'teaming')?.getAttribute('type') === 'persistent';
      for (const [name, { start, end }] of attribute.ranges) {
        report({
          offset: start,
          end,
          message: isTeam
            ? `<${label}> with <teaming type='persistent'> has no host interrupts: it is the virtio interface of the team`
            : `<${label}> has no host interrupts of its own: only PCI devices have them`,
          hint: isTeam
            ? `move the ${name} attribute to the device with <teaming type='transient'>`
            : `remove the ${name} attribute`,
        });
      }
    }
  },
};
