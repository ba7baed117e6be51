import { describeShift } from '../../domain/address-shift.js';
import { devicePolicies } from '../../domain/device-policies.js';
import { isUserAlias } from '../../domain/identity.js';
import type { Rule } from '../rule.js';

export const addressShifted: Rule = {
  name: 'address-shifted',
  severity: 'warning',
  summary: 'an entry by address matches no device, and a device has no entry: addresses may have changed',
  check(definition, report) {
    for (const { device, entry, shift } of devicePolicies(definition).devices) {
      const { source, alias } = device;
      if (!shift || !source?.address) continue;
      const { start, end } = entry?.node ?? { start: source.node.start, end: source.node.openEnd };
      const hint =
        alias && isUserAlias(alias.name)
          ? `identify the device by alias="${alias.name}" in its entry`
          : "give the device an alias, which does not change (<alias name='ua-…'/>), and use it in its entry";
      report({ offset: start, end, message: describeShift(source.address, shift), hint });
    }
  },
};
