import { devicePolicies, hasConflict } from '../../domain/device-policies.js';
import { formatIdentity } from '../../domain/identity.js';
import { formatAttributes } from '../../domain/policy.js';
import type { Rule } from '../rule.js';

export const policyConflict: Rule = {
  name: 'policy-conflict',
  severity: 'warning',
  summary: 'the attribute and the metadata entry of a device differ: the attribute takes precedence',
  check(definition, report) {
    for (const stated of devicePolicies(definition).devices) {
      const { device, entry } = stated;
      if (!hasConflict(stated) || !device.attribute || !entry) continue;
      const { line } = definition.document.lines.at(entry.node.start);
      const { start, end } = device.attribute.range;
      const other = formatAttributes(entry.policy);
      const message = `the attribute takes precedence over ${other} in the metadata (line ${line}, ${formatIdentity(entry.identity)})`;
      report({ offset: start, end, message, hint: 'remove the outdated one' });
    }
  },
};
