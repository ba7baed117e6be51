import { devicePolicies } from '../../domain/device-policies.js';
import { formatIdentity } from '../../domain/identity.js';
import type { Rule } from '../rule.js';

export const entryRepeated: Rule = {
  name: 'entry-repeated',
  severity: 'error',
  summary: 'two metadata entries for one device',
  check(definition, report) {
    for (const { identity, node } of devicePolicies(definition).repeated) {
      const { start, end } = node;
      const message = `the device with ${formatIdentity(identity)} already has an entry`;
      report({ offset: start, end, message, hint: 'remove one of them' });
    }
  },
};
