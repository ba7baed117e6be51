import type { Device } from '../domain/devices.js';
import type { XmlDocument } from '../xml/document.js';
import type { Edit } from '../xml/edit.js';
import { startOfSpace } from './white-space.js';

/** The edits that remove a device's policy attributes, with the white space before them. */
export function attributeRemovals({ text }: XmlDocument, { attribute }: Device): Edit[] {
  const ranges = [...(attribute?.ranges.values() ?? [])];
  return ranges.map(({ start, end }) => ({ start: startOfSpace(text, start), end, text: '' }));
}
