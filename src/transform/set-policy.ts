import type { Definition } from '../domain/definition.js';
import { devicePolicies } from '../domain/device-policies.js';
import { formatIdentity, type Identity } from '../domain/identity.js';
import type { Policy } from '../domain/policy.js';
import { applyEdits } from '../xml/edit.js';
import { metadataEdits, type WantedMetadata } from './metadata-edits.js';

/**
 * Sets the policy of one device in the metadata. All other entries stay, including those that match no device.
 * @param identity of the device's existing or new entry; the definition need not have the device
 * @param policy undefined removes the entry
 * @returns the new text
 */
export function setPolicy(definition: Definition, identity: Identity, policy: Policy | undefined): string {
  const { document, metadata } = definition;
  const { devices, stale, repeated } = devicePolicies(definition);
  const key = formatIdentity(identity);
  const entries: WantedMetadata['entries'] = [];
  let isSet = policy === undefined;
  const set = () => {
    if (policy && !isSet) entries.push({ identity, policy });
    isSet = true;
  };
  for (const { device, entry } of devices) {
    const own = entry?.identity ?? device.identity;
    if (own && formatIdentity(own) === key) set();
    else if (entry) entries.push(entry);
  }
  entries.push(...[...stale, ...repeated].filter((entry) => formatIdentity(entry.identity) !== key));
  set();
  return applyEdits(document.text, metadataEdits(definition, { default: metadata[0]?.default, entries }));
}
