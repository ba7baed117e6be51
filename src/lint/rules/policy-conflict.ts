import { formatIdentity } from '../../domain/identity.js';
import { formatPolicy } from '../../domain/policy.js';
import { disagree, statedPolicies } from '../../domain/stated-policies.js';
import type { Rule } from '../rule.js';

export const policyConflict: Rule = {
  name: 'policy-conflict',
  severity: 'warning',
  summary: 'attribute and metadata entry of a device say different things',
  check(definition, report) {
    for (const stated of statedPolicies(definition).devices) {
      const { device, entry } = stated;
      if (!disagree(stated) || !device.attribute || !entry) continue;
      const line = definition.document.lines.at(definition.document.rangeOf(entry.node).start).line;
      report({
        offset: device.attribute.range.start,
        end: device.attribute.range.end,
        message: `the metadata (line ${line}, ${formatIdentity(entry.identity)}) says ${formatPolicy(entry.policy)}: the attribute wins`,
      });
    }
  },
};
