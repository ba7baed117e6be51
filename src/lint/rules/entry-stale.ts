import type { Device } from '../../domain/devices.js';
import { formatIdentity, type Identity } from '../../domain/identity.js';
import { statedPolicies } from '../../domain/stated-policies.js';
import type { Rule } from '../rule.js';

export const entryStale: Rule = {
  name: 'entry-stale',
  severity: 'warning',
  summary: 'a metadata entry for a device that is not there',
  check(definition, report) {
    const { document, devices } = definition;
    for (const { identity, node } of statedPolicies(definition).stale) {
      const { start, end } = document.rangeOf(node);
      const other = devices.find((device) => !device.placeable && isKnownBy(device, identity));
      const what = other
        ? `the <${other.label}> with ${formatIdentity(identity)} has no host interrupts of its own`
        : `no hostdev or interface has ${formatIdentity(identity)}`;
      report({ offset: start, end, message: `${what}: normalize and expand drop this entry` });
    }
  },
};

const isKnownBy = ({ alias, mac }: Device, { key, value }: Identity) =>
  (key === 'alias' && alias?.name === value) || (key === 'mac' && mac === value);
