import type { Definition } from '../domain/definition.js';
import { devicePolicies } from '../domain/device-policies.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { InputError } from '../lib/input-error.js';
import { applyEdits, type Edit } from '../xml/edit.js';
import { metadataEdits, type WantedMetadata } from './metadata-edits.js';
import { attributeRemovals } from './remove-attributes.js';

export interface NormalizeOptions {
  /** sets the domain's default */
  default?: DefaultPolicy;
}

/**
 * Moves the policies from attributes to the metadata, which `virsh define` keeps. Changes only the bytes of the
 * attributes and of our metadata element. Idempotent.
 * @returns the new text
 * @throws InputError if a policy is invalid, or if its device has no interrupts or no permanent identity
 */
export function normalize(definition: Definition, options: NormalizeOptions = {}): string {
  const { document } = definition;
  const edits: Edit[] = [];
  const entries: WantedMetadata['entries'] = [];
  for (const { device, policy, entry } of devicePolicies(definition).devices) {
    const { attribute } = device;
    if (attribute) {
      if (!attribute.policy.ok) {
        const { attribute: name, message } = attribute.policy.error;
        throw new InputError(`${name} ${message}`, (attribute.ranges.get(name) ?? attribute.range).valueStart);
      }
      edits.push(...attributeRemovals(document, device));
      if (!device.placeable || !device.identity) {
        const lacks = device.placeable ? 'alias, address or MAC to identify it by' : 'host interrupts of its own';
        throw new InputError(`this device has no ${lacks}`, attribute.range.start);
      }
    }
    const identity = attribute ? device.identity : entry?.identity;
    if (identity && policy) entries.push({ identity, policy });
  }
  const wanted = { default: options.default ?? definition.metadata[0]?.default, entries };
  return applyEdits(document.text, [...edits, ...metadataEdits(definition, wanted)]);
}
