import { devicePolicies, disagree } from '../../domain/device-policies.js';
import { formatIdentity } from '../../domain/identity.js';
import { formatPolicy } from '../../domain/policy.js';
import type { Rule } from '../rule.js';

export const policyConflict: Rule = {
  name: 'policy-conflict',
  severity: 'warning',
  summary: 'the attribute and the metadata entry of a device differ: the attribute wins',
  check(definition, report) {
    for (const stated of devicePolicies(definition).devices) {
      const { device, entry } = stated;
      if (!disagree(stated) || !device.attribute || !entry) continue;
      const { line } = definition.document.lines.at(definition.document.rangeOf(entry.node).start);
      const { start, end } = device.attribute.range;
      const theirs = `cpuset="${formatPolicy(entry.policy)}"`;
      const message = `the attribute wins over ${theirs} of the metadata (line ${line}, ${formatIdentity(entry.identity)})`;
      report({ offset: start, end, message, hint: 'remove the one that is out of date' });
    }
  },
};
