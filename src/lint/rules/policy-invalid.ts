import { isOfCpuset } from '../../domain/policy.js';
import type { Rule } from '../rule.js';

export const policyInvalid: Rule = {
  name: 'policy-invalid',
  severity: 'error',
  summary: 'vcpus, spread or controlVectors with an invalid value, or without the attribute that it needs',
  check({ devices }, report) {
    for (const { attribute, placeable } of devices) {
      // no-interrupts reports the attributes on other devices
      if (!placeable || !attribute || attribute.policy.ok) continue;
      for (const error of attribute.policy.errors) {
        if (isOfCpuset(error)) continue;
        const { attribute: name, code, message, suggestion } = error;
        const range = attribute.ranges.get(name);
        if (!range) {
          const { start: offset, end, name: first } = attribute.range;
          report({ offset, end, message: `${first} needs a ${name} on the same device`, hint: 'cpuset="auto"' });
        } else if (code === 'value') {
          const { valueStart: offset, valueEnd: end } = range;
          const hint = suggestion === undefined ? {} : { hint: `${name}="${suggestion}"` };
          report({ offset, end, message: `${name}: ${message}`, ...hint });
        } else {
          const { start: offset, end } = range;
          report({ offset, end, message: `${name} ${message}` });
        }
      }
    }
  },
};
