import type { XmlElement } from '../../xml/element.js';
import type { SchemaFault } from './fault.js';
import type { AttributePart, ChildPart, Parts, TextPart } from './parts.js';

/** A child that is not allowed, or that is invalid. */
export function childFault(part: ChildPart, parts: Parts): SchemaFault {
  return {
    ...placeOf(part.child),
    kind: 'element',
    known: parts.isKnown(part),
    repeated: parts.isRepeated(part),
  };
}

export function textFault({ owner, text, removal: { start, end } }: TextPart, accepted?: string[]): SchemaFault {
  return { kind: 'text', start, end, element: owner.tagName, value: text, ...(accepted ? { accepted } : {}) };
}

/** An attribute with an invalid value. */
export function valueFault({ owner, attribute }: AttributePart, accepted: string[]): SchemaFault {
  const { start, end, name } = attribute;
  const value = owner.getAttribute(name) ?? '';
  return { kind: 'value', start, end, element: owner.tagName, name, value, accepted };
}

/** An attribute that is not allowed. */
export function attributeFault(part: AttributePart, parts: Parts): SchemaFault {
  const { accepted: _, ...place } = valueFault(part, []);
  return { ...place, kind: 'attribute', known: parts.isKnown(part) };
}

/** An element that lacks `@name` or a child. */
export function missingFault(element: XmlElement, name: string): SchemaFault {
  return { ...placeOf(element), kind: 'missing', name };
}

/** A child that must come after another one; undefined: it must be the first. */
export function orderFault({ child }: ChildPart, after: string | undefined): SchemaFault {
  return { ...placeOf(child), kind: 'order', ...(after === undefined ? {} : { name: after }) };
}

function placeOf(element: XmlElement): Omit<SchemaFault, 'kind'> {
  const { start, openEnd } = element;
  const parent = element.parent?.tagName;
  return { start, end: openEnd, element: element.tagName, ...(parent === undefined ? {} : { parent }) };
}
