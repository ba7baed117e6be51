import { InputError } from '../lib/input-error.js';
import { codePoint, invisibleIn } from '../lib/invisible.js';
import { libvirtNamespace } from './namespaces.js';
import { describeOutside } from './outside-root.js';
import { type TemplateMark, templateError, templateMarks } from './template.js';

/** The parser's state when it stopped; offsets are UTF-16. */
export interface ParserState {
  text: string;
  /** characters read */
  position: number;
  /** name of the innermost open element */
  innermost: string | undefined;
  /** name of the element that was closed last; saxes closes an element before it compares the name in the end tag */
  lastClosed: string;
  /** offset just after the root element; 0 before its end */
  rootEnd: number;
}

/** Converts a message of saxes ("1:10: unexpected close tag.") to an error with the exact place and a clear text. */
export function explain(saxesMessage: string, state: ParserState): InputError {
  const error = explainMarkup(saxesMessage, state);
  return templateFault(state.text, error.offset) ?? error;
}

/**
 * A template is not XML if a mark breaks the syntax, or if it has a statement anywhere: its branches can have tags of
 * their own.
 */
function templateFault(text: string, at: number): InputError | undefined {
  const [first, ...more] = templateMarks(text);
  if (first === undefined) return undefined;
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const newline = text.indexOf('\n', at);
  const lineEnd = newline < 0 ? text.length : newline;
  const isInTheWay = ({ start, end, isStatement }: TemplateMark) =>
    isStatement || (end > lineStart && start <= lineEnd);
  if (![first, ...more].some(isInTheWay)) return undefined;
  const { message, offset, hint } = templateError(text, [first, ...more]);
  return new InputError(message, offset, hint);
}

function explainMarkup(
  saxesMessage: string,
  { text, position, innermost, lastClosed, rootEnd }: ParserState,
): InputError {
  const message = saxesMessage.replace(/^(.*?:)?\d+:\d+: /, '').replace(/\.$/, '');
  const here = lastCharacter(text, position);
  const tag = Math.max(0, text.lastIndexOf('<', here));
  if (/^(unexpected end|unclosed tag|document must contain)/.test(message)) {
    const stray = unfinished(text) ? undefined : strayAmpersand(text);
    if (stray) return stray;
    const inTag = text.lastIndexOf('<') > text.lastIndexOf('>') ? 'inside a tag' : undefined;
    const where = unfinished(text) ?? inTag ?? (innermost ? `inside <${innermost}>` : 'before the root element');
    return new InputError(`the document ends ${where}`, text.length);
  }
  if (/^(unexpected close tag|unmatched closing tag)/.test(message)) {
    const closing = text.slice(tag, position);
    const isUnmatched = message.startsWith('unmatched');
    return new InputError(
      isUnmatched ? `${closing} has no matching start tag` : `expected </${lastClosed}>, found ${closing}`,
      tag,
    );
  }
  if (message === 'text data outside of root node') {
    const offset = endOfMisc(text, rootEnd);
    const { message: what, hint } = describeOutside(text, offset, rootEnd === 0);
    return new InputError(what, offset, hint);
  }
  if (message.startsWith('documents may contain only one root')) {
    return new InputError('a second root element', tag, 'put each domain in a file of its own');
  }
  if (message === 'undefined entity' || message === 'malformed character entity') {
    const start = Math.max(0, text.lastIndexOf('&', here));
    return new InputError(`${message} ${text.slice(start, position).slice(0, 40)}`, start, 'write & as &amp;');
  }
  if (message.endsWith('entity name')) return strayAmpersand(text) ?? new InputError(message, here);
  if (message === 'malformed comment') {
    return new InputError('-- is not allowed inside a comment', text.lastIndexOf('--', here - 2), 'write a single -');
  }
  const prefix = /^unbound namespace prefix: "(.*)"$/.exec(message)?.[1];
  if (prefix !== undefined) return unboundPrefix(prefix, tag);
  const character = /disallowed character|unquoted|malformed name/.test(message)
    ? strayCharacter(text, here)
    : undefined;
  if (character) return character;
  if (message === 'disallowed character') {
    return new InputError(`the character ${JSON.stringify(text[here])} is not allowed here`, here);
  }
  if (message.startsWith('duplicate attribute')) return duplicateAttribute(text, tag, position, message);
  if (message === 'disallowed character in attribute name' && /[/>]/.test(text[here] as string)) {
    return new InputError('attribute without a value', here);
  }
  if (message === 'disallowed character in tag name' && text[here - 1] === '<') {
    return new InputError('unescaped <: no tag starts here', here - 1, 'write < as &lt;');
  }
  if (message === 'incorrect syntax') return new InputError(`${text.slice(tag, position)} is not valid markup`, tag);
  return new InputError(message, AT_TAG_START.test(message) ? tag : here);
}

function unboundPrefix(prefix: string, offset: number): InputError {
  const namespace = libvirtNamespace(prefix);
  const hint =
    namespace === undefined ? `declare it: xmlns:${prefix}='…'` : `<domain … xmlns:${prefix}='${namespace}'>`;
  return new InputError(`the prefix ${prefix}: is not declared`, offset, hint);
}

/** A character of a web page or a word processor inside a tag. */
function strayCharacter(text: string, offset: number): InputError | undefined {
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  if (/[\u2018-\u201f\u2032\u2033\u00ab\u00bb]/.test(character)) {
    return new InputError(
      `${character} (${codePoint(character)}) is not a quotation mark of XML`,
      offset,
      'write \' or "',
    );
  }
  const invisible = invisibleIn(character);
  if (invisible === undefined) return undefined;
  const hint = /\p{Z}/u.test(character) ? 'write an ordinary space' : 'remove it';
  return new InputError(`${invisible} is not allowed inside a tag`, offset, hint);
}

/** Offset of the last character read, which may be a surrogate pair. */
function lastCharacter(text: string, position: number): number {
  const last = Math.max(0, position - 1);
  return last > 0 && (text.codePointAt(last - 1) as number) > 0xffff ? last - 1 : last;
}

/** saxes reports these after the tag, so they are reported at its start. */
const AT_TAG_START = /namespace|prefix|malformed name|doctype|declaration must be at the start/;

/** The first `&` that does not start a reference. saxes searches for its `;` up to the end of the document. */
function strayAmpersand(text: string): InputError | undefined {
  const skipped = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|&(?!#?[^\s&;<>"'#]+;)/g;
  for (const found of text.matchAll(skipped)) {
    if (found[0] === '&')
      return new InputError('unescaped &: no reference starts here', found.index, 'write & as &amp;');
  }
  return undefined;
}

/** The comment, CDATA section or instruction that is open at the end of the text. */
function unfinished(text: string): string | undefined {
  const open = (start: string, end: string) => text.lastIndexOf(start) > text.lastIndexOf(end);
  if (open('<!--', '-->')) return 'inside a comment';
  if (open('<![CDATA[', ']]>')) return 'inside a CDATA section';
  return open('<?', '?>') ? 'inside a processing instruction' : undefined;
}

const MISC = /[\ufeff \t\r\n]+|<!--[\s\S]*?-->|<\?[\s\S]*?\?>/y;

/** Skips white space, comments and instructions from `offset` on. */
export function endOfMisc(text: string, offset: number): number {
  let end = offset;
  for (;;) {
    MISC.lastIndex = end;
    if (!MISC.test(text)) return end;
    end = MISC.lastIndex;
  }
}

/** An attribute in a start tag. `\s` would also match characters of names, such as U+FEFF. */
const ATTRIBUTE = /([^ \t\r\n=/>"'<]+)[ \t\r\n]*=[ \t\r\n]*("[^"]*"|'[^']*')/g;

function duplicateAttribute(text: string, tag: number, end: number, message: string): InputError {
  const seen = new Set<string>();
  for (const attribute of text.slice(tag, end).matchAll(ATTRIBUTE)) {
    const name = attribute[1] as string;
    if (seen.has(name)) return new InputError(`duplicate attribute ${name}`, tag + attribute.index);
    seen.add(name);
  }
  return new InputError(message, tag);
}
