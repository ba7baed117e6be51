import { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';
import type { Finding } from './rule.js';
import { NOT_A_DOMAIN } from './rules/index.js';

const BEFORE = "<domain type='kvm'><name>device</name><memory>1</memory><os><type>hvm</type></os><devices>";
const AFTER = '</devices></domain>';

/** A `<hostdev>` or `<interface>` alone, as for `virsh attach-device`. */
export function isBareDevice({ root: { tagName, namespaceURI } }: XmlDocument): boolean {
  return namespaceURI === null && (tagName === 'hostdev' || tagName === 'interface');
}

/** The device in a small domain. Its lines and columns are those of the device's own file. @throws InputError */
export function asDomain({ text, root: { start, end } }: XmlDocument): XmlDocument {
  const wrapped = text.slice(0, start) + BEFORE + text.slice(start, end) + AFTER + text.slice(end);
  const last = BEFORE.length + end;
  const inserted = [
    { start, end: start + BEFORE.length },
    { start: last, end: last + AFTER.length },
  ];
  return new XmlDocument(wrapped, parseXml(wrapped).root, new LineIndex(wrapped, inserted));
}

/** A note that only the device was checked. */
export function deviceNote({ root, text }: XmlDocument): Finding {
  const offset = root.start + BEFORE.length;
  return {
    rule: NOT_A_DOMAIN.name,
    severity: 'note',
    offset,
    end: text.indexOf('>', offset) + 1,
    message: 'checked as a device, as for virsh attach-device: what needs the whole domain was not checked',
  };
}
