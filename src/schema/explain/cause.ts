import type { XmlAttribute } from '../../xml/element.js';
import type { Cause } from './fault.js';
import { attributeName, attributesIn, nameOf } from './names.js';
import type { Pattern } from './pattern.js';
import type { Frame, Progress } from './progress.js';

const MOST_ANCESTORS_TRIED = 4;

/**
 * The attribute of an open element whose value forbids a part: with any other value the part would be allowed.
 * @param isAllowed called with the state in the innermost frame, after its start tag
 */
export function causeOf(
  progress: Progress,
  innermost: Frame | undefined,
  isAllowed: (state: Pattern) => boolean,
): Cause | undefined {
  if (progress.isFull) return undefined;
  const path: Frame[] = [];
  for (let frame = innermost; frame && path.length < MOST_ANCESTORS_TRIED; frame = frame.parent) {
    path.unshift(frame);
    const opened = progress.derive.child(frame.before, nameOf(frame.element));
    // an attribute that the schema does not know cannot be the cause, and there may be a thousand of them
    const known = attributesIn(frame.element).filter(
      (each) => !progress.isNone(progress.derive.attribute(opened, attributeName(each))),
    );
    for (const attribute of known.reverse()) {
      const state = stateAlong(progress, path, attribute);
      if (state && isAllowed(state)) return { element: frame.element, attribute };
    }
  }
  return undefined;
}

/** The state inside the last of nested elements, if one attribute may have any value. */
function stateAlong(progress: Progress, path: readonly Frame[], free: XmlAttribute): Pattern | undefined {
  const { derive } = progress;
  const any = new Set([free]);
  let state = path[0]?.before;
  for (const { element } of path) {
    if (state === undefined) return undefined;
    const opened = derive.child(state, nameOf(element));
    // leaves out attributes that are not allowed
    const attributes = attributesIn(element).filter((each) => {
      const value = derive.value(derive.attribute(opened, attributeName(each)), each.value, each === free);
      return !progress.isNone(value);
    });
    const after = progress.afterAttributes(opened, attributes, any);
    state = progress.isNone(after) ? undefined : derive.closeTag(after, true);
  }
  return state;
}
