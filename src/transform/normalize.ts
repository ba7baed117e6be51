import type { Definition } from '../domain/definition.js';
import { devicePolicies } from '../domain/device-policies.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { InputError } from '../lib/input-error.js';
import { applyEdits, type Edit } from '../xml/edit.js';
import { metadataEdits, type WantedMetadata } from './metadata-edits.js';
import { startOfSpace } from './white-space.js';

export interface NormalizeOptions {
  /** states the domain's default, whatever it was */
  default?: DefaultPolicy;
}

/**
 * Moves the policies from `cpuset` attributes into the metadata, which `virsh define` keeps. Changes only the bytes of the
 * attributes and of our metadata element; normalising twice changes nothing more.
 * @returns the new text
 * @throws InputError at a policy that cannot be read, or of a device that has no interrupts, or that nothing lasting is known of
 */
export function normalize(definition: Definition, options: NormalizeOptions = {}): string {
  const { document } = definition;
  const edits: Edit[] = [];
  const entries: WantedMetadata['entries'] = [];
  for (const { device, policy, entry } of devicePolicies(definition).devices) {
    const { attribute } = device;
    if (attribute) {
      if (!attribute.policy.ok)
        throw new InputError(`cpuset ${attribute.policy.error.message}`, attribute.range.valueStart);
      const { start, end } = attribute.range;
      edits.push({ start: startOfSpace(document.text, start), end, text: '' });
      if (!device.placeable) throw new InputError('this device has no host interrupts of its own', start);
      if (!device.identity) throw new InputError('nothing lasting identifies this device', start);
    }
    const identity = attribute ? device.identity : entry?.identity;
    if (identity && policy) entries.push({ identity, policy });
  }
  const wanted = { default: options.default ?? definition.metadata[0]?.default, entries };
  return applyEdits(document.text, [...edits, ...metadataEdits(definition, wanted)]);
}
