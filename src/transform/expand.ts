import type { Definition } from '../domain/definition.js';
import { devicePolicies } from '../domain/device-policies.js';
import { formatAttributes } from '../domain/policy.js';
import { attributesOf } from '../xml/attributes.js';
import { applyEdits, type Edit } from '../xml/edit.js';
import { metadataEdits } from './metadata-edits.js';

/**
 * Moves the policies from the metadata to attributes, for editing: the reverse of normalize. The domain's
 * default stays in the metadata, because there is no attribute for it. Existing attributes are not changed.
 * @returns the new text
 */
export function expand(definition: Definition): string {
  const { document, metadata } = definition;
  const edits: Edit[] = [];
  for (const { device, policy } of devicePolicies(definition).devices) {
    if (device.attribute || !policy) continue;
    const last = attributesOf(document, device.node).at(-1);
    const start = last ? last.end : device.node.start + 1 + device.node.tagName.length;
    const quote = last?.quote ?? '"';
    edits.push({ start, end: start, text: ` ${formatAttributes(policy, quote)}` });
  }
  const wanted = { default: metadata[0]?.default, entries: [] };
  return applyEdits(document.text, [...edits, ...metadataEdits(definition, wanted)]);
}
