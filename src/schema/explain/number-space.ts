import { attributesOf } from '../../xml/attributes.js';
import type { XmlDocument } from '../../xml/document.js';
import { applyEdits, type Edit } from '../../xml/edit.js';
import type { XmlElement } from '../../xml/element.js';
import type { Fault } from './fault.js';
import { textIn, textPlace, trimmed } from './places.js';
import { shortened, written } from './wording.js';

/** A number with white space around it, which the schema allows and libxml2 does not (measured with 2.9 and 2.15). */
export interface SpacedNumber {
  /** removes the white space */
  edit: Edit;
  /** the fault to report if libxml2 accepts the text without that white space */
  fault: Fault;
}

const SPACED = /^(?:[ \t\r\n]+-?\d+[ \t\r\n]*|-?\d+[ \t\r\n]+)$/;
const REASON = 'libxml2, and so virsh, allows no white space around this number';

/** All such numbers of a document, and other texts that look like them. */
export function spacedNumbers(document: XmlDocument): SpacedNumber[] {
  const found: SpacedNumber[] = [];
  const visit = (element: XmlElement): void => {
    found.push(...inAttributes(document, element), ...inText(document, element));
    for (const child of element.children) visit(child);
  };
  visit(document.root);
  return found;
}

/** The document without the white space. */
export function withoutSpace({ text }: XmlDocument, numbers: readonly SpacedNumber[]): string {
  return applyEdits(
    text,
    numbers.map(({ edit }) => edit),
  );
}

function inAttributes(document: XmlDocument, element: XmlElement): SpacedNumber[] {
  if (!element.attributes.some(({ value }) => SPACED.test(value))) return [];
  const ranges = attributesOf(document, element);
  return element.attributes.flatMap((attribute, index) => {
    const range = ranges[index];
    if (range === undefined || !SPACED.test(attribute.value)) return [];
    const { start, end, valueStart, valueEnd } = range;
    const value = trimmed(attribute.value);
    const fault: Fault = {
      kind: 'value',
      start,
      end,
      element: element.tagName,
      message: `${written(attribute)}: ${REASON}`,
      hint: written({ ...attribute, value }),
    };
    return [{ edit: { start: valueStart, end: valueEnd, text: value }, fault }];
  });
}

function inText(document: XmlDocument, element: XmlElement): SpacedNumber[] {
  if (element.children.length > 0) return [];
  const text = textIn(document, element);
  if (!SPACED.test(text)) return [];
  const number = trimmed(text);
  const tag = `<${shortened(element.tagName)}>`;
  const fault: Fault = {
    kind: 'text',
    ...textPlace(document, element, text, element.openEnd),
    element: element.tagName,
    message: `"${shortened(text)}" in ${tag}: ${REASON}`,
    hint: `${tag}${number}</${shortened(element.tagName)}>`,
  };
  return [{ edit: { start: element.openEnd, end: element.closeStart, text: number }, fault }];
}
