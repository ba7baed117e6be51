import { devicePolicies } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import { formatIdentity } from '../../domain/identity.js';
import type { Rule } from '../rule.js';

export const entryStale: Rule = {
  name: 'entry-stale',
  severity: 'warning',
  summary: 'a metadata entry that matches no device',
  check(definition, report) {
    const { devices } = definition;
    const { stale } = devicePolicies(definition);
    if (stale.length === 0) return;
    const unplaceable = byIdentity(devices.filter(({ placeable }) => !placeable));
    for (const { identity, node } of stale) {
      const { start, end } = node;
      const other = unplaceable.get(formatIdentity(identity));
      const reason = other
        ? `the <${other.label}> with ${formatIdentity(identity)} has no host interrupts of its own`
        : `no hostdev or interface has ${formatIdentity(identity)}`;
      report({ offset: start, end, message: `${reason}: normalize and expand drop this entry` });
    }
  },
};

/** The first device of each identity. */
function byIdentity(devices: readonly Device[]): Map<string, Device> {
  const found = new Map<string, Device>();
  for (const device of [...devices].reverse()) {
    const { alias, mac } = device;
    if (alias) found.set(formatIdentity({ key: 'alias', value: alias.name }), device);
    if (mac !== undefined) found.set(formatIdentity({ key: 'mac', value: mac }), device);
  }
  return found;
}
