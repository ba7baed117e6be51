import type { Rule } from '../rule.js';

export const noIdentity: Rule = {
  name: 'no-identity',
  severity: 'error',
  summary: 'a policy on a device that has no alias, address or MAC to identify it by',
  check({ devices }, report) {
    for (const { attribute, identity, label, node, placeable, source } of devices) {
      // address-invalid reports an invalid address
      if (!attribute || !placeable || identity || (source && !source.address)) continue;
      report({
        offset: attribute.range.start,
        end: attribute.range.end,
        message: `nothing identifies this <${label}>, so its policy cannot be kept`,
        hint:
          node.getAttribute('type') === 'network'
            ? "add <mac address='…'/> or <alias name='ua-…'/>"
            : "add its <source><address …/></source> or <alias name='ua-…'/>",
      });
    }
  },
};
