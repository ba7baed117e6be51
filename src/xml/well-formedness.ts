import { ATTRIBUTE } from './attributes.js';
import { InputError } from './input-error.js';

/** What the parser knew when it stopped; offsets are UTF-16. */
export interface ParserState {
  text: string;
  /** characters read */
  position: number;
  /** name of the innermost element that is open */
  innermost: string | undefined;
  /** name of the element that was closed last; saxes closes it before it finds that the end tag is another's */
  lastClosed: string;
  /** just after the root element, 0 before its end */
  rootEnd: number;
}

/** Turns what saxes says ("1:10: unexpected close tag.") into the place and the words that help. */
export function explain(
  saxesMessage: string,
  { text, position, innermost, lastClosed, rootEnd }: ParserState,
): InputError {
  const message = saxesMessage.replace(/^(.*?:)?\d+:\d+: /, '').replace(/\.$/, '');
  const here = Math.max(0, position - 1);
  const tag = Math.max(0, text.lastIndexOf('<', here));
  if (/^(unexpected end|unclosed tag|document must contain)/.test(message)) {
    const inTag = text.lastIndexOf('<') > text.lastIndexOf('>');
    const where = inTag ? 'inside a tag' : innermost ? `inside <${innermost}>` : 'before its root element';
    return new InputError(`the document ends ${where}`, text.length);
  }
  if (/^(unexpected close tag|unmatched closing tag)/.test(message)) {
    const closing = text.slice(tag, position);
    return new InputError(
      lastClosed ? `${closing} where </${lastClosed}> must come` : `${closing} closes nothing`,
      tag,
    );
  }
  if (message === 'text data outside of root node') {
    const outside = rootEnd + text.slice(rootEnd).search(/[^\s\ufeff]/);
    return new InputError('text outside of the root element', outside);
  }
  if (message.startsWith('documents may contain only one root')) {
    return new InputError('a second root element', tag, 'put each domain in a file of its own');
  }
  if (message === 'undefined entity' || message === 'malformed character entity') {
    const start = Math.max(0, text.lastIndexOf('&', here));
    return new InputError(`${message} ${text.slice(start, position).slice(0, 40)}`, start, 'write & as &amp;');
  }
  if (message === 'disallowed character') {
    return new InputError(`the character ${JSON.stringify(text[here])} is not allowed here`, here);
  }
  if (message.startsWith('duplicate attribute')) return duplicateAttribute(text, tag, position, message);
  return new InputError(message, /namespace|prefix/.test(message) ? tag : here);
}

function duplicateAttribute(text: string, tag: number, end: number, message: string): InputError {
  const seen = new Set<string>();
  for (const attribute of text.slice(tag, end).matchAll(ATTRIBUTE)) {
    const name = attribute[1] as string;
    if (seen.has(name)) return new InputError(`the attribute ${name} stands twice in one tag`, tag + attribute.index);
    seen.add(name);
  }
  return new InputError(message, tag);
}
