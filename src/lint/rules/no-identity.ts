import type { Rule } from '../rule.js';

export const noIdentity: Rule = {
  name: 'no-identity',
  severity: 'error',
  summary: 'a policy on a device that nothing lasting identifies',
  check({ devices }, report) {
    for (const { attribute, identity, label, node, placeable, source } of devices) {
      // an address that cannot be read is reported by address-invalid
      if (!attribute || !placeable || identity || (source && !source.address)) continue;
      report({
        offset: attribute.range.start,
        end: attribute.range.end,
        message: `nothing identifies this <${label}>: its policy could not be found again`,
        hint:
          node.getAttribute('type') === 'network'
            ? "add <mac address='…'/> or <alias name='ua-…'/>"
            : "add its <source><address …/></source> or <alias name='ua-…'/>",
      });
    }
  },
};
