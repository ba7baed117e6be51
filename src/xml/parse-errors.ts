import { InputError } from '../lib/input-error.js';
import { codePoint, invisibleIn } from '../lib/invisible.js';
import { LineIndex } from './line-index.js';
import { libvirtNamespace } from './namespaces.js';
import { describeOutside } from './outside-root.js';
import { referenceError, strayAmpersand } from './reference-errors.js';
import { type TemplateMark, templateError, templateMarks } from './template.js';

/** The parser's state when it stopped; offsets are UTF-16. */
export interface ParserState {
  text: string;
  /** characters read */
  position: number;
  /** the innermost open element */
  innermost: Opened | undefined;
  /** the element that was closed last; saxes closes an element before it compares the name in the end tag */
  lastClosed: Opened | undefined;
  /** offset just after the root element; 0 before its end */
  rootEnd: number;
}

/** An element whose start tag has been read. */
interface Opened {
  tagName: string;
  start: number;
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
    const element = innermost
      ? `inside <${innermost.tagName}>${since(text, innermost.start)}`
      : 'before the root element';
    const where = unfinished(text) ?? inTag ?? element;
    return new InputError(`the document ends ${where}`, text.length);
  }
  if (/^(unexpected close tag|unmatched closing tag)/.test(message)) {
    const closing = text.slice(tag, position);
    if (message.startsWith('unmatched') || !lastClosed)
      return new InputError(`${closing} has no matching start tag`, tag);
    const { tagName, start } = lastClosed;
    const isFar = lineOf(text, start) !== lineOf(text, tag);
    const opened = isFar ? `: <${tagName}> starts in line ${lineOf(text, start)}` : '';
    return new InputError(`expected </${tagName}>, found ${closing}${opened}`, tag);
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
    return referenceError(text.slice(start, position), start);
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
    const shown = text[here] as string;
    return /\p{C}/u.test(shown)
      ? new InputError(`the character ${codePoint(shown)} is not allowed in XML`, here, 'remove it')
      : new InputError(`the character ${JSON.stringify(shown)} is not allowed here`, here);
  }
  if (message.startsWith('duplicate attribute')) return duplicateAttribute(text, tag, position, message);
  if (message === 'disallowed character in attribute name' && /[/>]/.test(text[here] as string)) {
    return new InputError('attribute without a value', here);
  }
  if (message === 'disallowed character in tag name' && text[here - 1] === '<') {
    return new InputError('unescaped <: no tag starts here', here - 1, 'write < as &lt;');
  }
  if (message === 'incorrect syntax') return new InputError(`${text.slice(tag, position)} is not valid markup`, tag);
  if (message.startsWith('an XML declaration must')) return new InputError(message, tag, 'remove what is before it');
  if (message === 'unquoted attribute value') return new InputError(message, here, quotedAttribute(text, tag, here));
  return new InputError(message, AT_TAG_START.test(message) ? tag : here);
}

const lineOf = (text: string, offset: number) => new LineIndex(text).at(offset).line;

/** Empty for a document of one line. */
function since(text: string, offset: number): string {
  return lineOf(text, text.length) === 1 ? '' : `, which starts in line ${lineOf(text, offset)}`;
}

/** `name="value"`, for a value without quotes that starts at an offset. */
function quotedAttribute(text: string, tag: number, offset: number): string | undefined {
  const [, name] = /([^\s=<>"']{1,40})\s*=\s*$/.exec(text.slice(tag, offset)) ?? [];
  const [value] = /^[^\s<>"'&/]{1,40}/.exec(text.slice(offset, offset + 40)) ?? [];
  return name === undefined || value === undefined ? undefined : `${name}="${value}"`;
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

const UNFINISHED = [
  ['<!--', '-->', 'a comment'],
  ['<![CDATA[', ']]>', 'a CDATA section'],
  ['<?', '?>', 'a processing instruction'],
] as const;

/** The comment, CDATA section or instruction that is open at the end of the text. */
function unfinished(text: string): string | undefined {
  for (const [start, end, kind] of UNFINISHED) {
    const closed = text.lastIndexOf(end);
    if (text.lastIndexOf(start) > closed) return `inside ${kind}${since(text, text.indexOf(start, closed + 1))}`;
  }
  return undefined;
}

const MISC = /[ \t\r\n]+|<!--[\s\S]*?-->|<\?[\s\S]*?\?>/y;

/** Skips white space, comments and instructions from `offset` on. */
export function endOfMisc(text: string, offset: number): number {
  let end = offset === 0 && text.startsWith('\ufeff') ? 1 : offset;
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
