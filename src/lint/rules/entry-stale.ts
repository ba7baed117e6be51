import { formatIdentity } from '../../domain/identity.js';
import { statedPolicies } from '../../domain/stated-policies.js';
import type { Rule } from '../rule.js';

export const entryStale: Rule = {
  name: 'entry-stale',
  severity: 'warning',
  summary: 'a metadata entry for a device that is not there',
  check(definition, report) {
    for (const { identity, node } of statedPolicies(definition).stale) {
      report({
        offset: definition.document.rangeOf(node).start,
        end: definition.document.rangeOf(node).end,
        message: `no device with ${formatIdentity(identity)}: normalize and expand drop this entry`,
      });
    }
  },
};
