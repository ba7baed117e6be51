import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import { MAX_ALL_ATTRIBUTES, MAX_COMMENTS, MAX_DEPTH, MAX_ELEMENTS, MAX_NAME, MAX_TEXT } from './limits.js';
import { NO_NAMESPACES, namespaceIn, type Scope, scopeInside, setNamespaces } from './plain-namespaces.js';

/**
 * A character that is not certainly allowed everywhere, a line end that is normalized, a reference, or markup other
 * than tags and comments.
 */
const UNUSUAL = /[^\t\n -~\u00a0-\ud7ff\ue000-\ufffd]|&|\]\]>|<!(?!--)|<\?/g;
const DECLARATION =
  /^<\?xml version=(["'])1\.0\1(?: encoding=(["'])[uU][tT][fF]-8\2)?(?: standalone=(["'])(?:yes|no)\3)? ?\?>/;
/** More are parsed by saxes: each is compared with those before it. */
const MOST_ATTRIBUTES = 50;

/**
 * Parses a plain document: well-formed, without references, CDATA sections and other rare parts. It takes a fifth of
 * the time of saxes.
 * @returns undefined for any other document, which saxes then parses or explains
 */
export function parsePlain(text: string): XmlDocument | undefined {
  const start = DECLARATION.exec(text)?.[0].length ?? 0;
  UNUSUAL.lastIndex = start;
  return UNUSUAL.test(text) ? undefined : new PlainParser(text).parse(start);
}

const [SPACE, EXCLAMATION, QUOTE, APOSTROPHE] = [32, 33, 34, 39] as const;
const [SLASH, COLON, LESS, EQUALS, GREATER] = [47, 58, 60, 61, 62] as const;

/** 2 for characters that can start a name, 1 for others in a name, without the colon. */
const NAME_CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[A-Za-z_]/.test(character) ? 2 : /[\d.-]/.test(character) ? 1 : 0;
});

const NONE: readonly XmlAttribute[] = [];

/**
 * Hundreds of documents are parsed before V8 optimizes the code. So loops use local variables, and there are few calls.
 */
class PlainParser {
  private at = 0;
  private root: XmlElement | undefined;
  private open: XmlElement | null = null;
  /** the namespaces around the root, and inside each open element */
  private readonly scopes: Scope[] = [NO_NAMESPACES];
  /** of the current tag */
  private readonly tagAttributes: XmlAttribute[] = [];
  private elements = 0;
  private allAttributes = 0;
  private comments = 0;
  /** the current tag has a name with a colon, or `xmlns` */
  private usesNamespaces = false;

  constructor(private readonly text: string) {}

  /** Undefined at the first part that is not plain. */
  parse(start: number): XmlDocument | undefined {
    const { text } = this;
    this.at = start;
    for (;;) {
      const from = this.at;
      const tag = text.indexOf('<', from);
      const at = afterSpace(text, from);
      if (tag < 0)
        return this.open === null && this.root && at === text.length ? new XmlDocument(text, this.root) : undefined;
      if (tag - from > MAX_TEXT / 3) return undefined;
      if (at < tag) {
        if (this.open === null) return undefined;
        this.open.append(text.slice(from, tag));
      }
      const code = text.charCodeAt(tag + 1);
      const isPlain = code === SLASH ? this.endTag(tag) : code === EXCLAMATION ? this.comment(tag) : this.startTag(tag);
      if (!isPlain) return undefined;
    }
  }

  private startTag(start: number): boolean {
    const { text, open: parent, scopes } = this;
    if (this.root !== undefined && parent === null) return false;
    const nameEnd = endOfName(text, start + 1);
    const name = shared(text.slice(start + 1, nameEnd));
    if (name === '' || name === 'xmlns' || name.length > MAX_NAME / 3) return false;
    this.at = nameEnd;
    this.usesNamespaces = name.includes(':');
    const attributes = this.attributes();
    if (attributes === undefined) return false;
    const isEmpty = text.charCodeAt(this.at) === SLASH;
    const end = isEmpty ? this.at + 2 : this.at + 1;
    if (text.charCodeAt(end - 1) !== GREATER) return false;
    this.at = end;
    if (++this.elements > MAX_ELEMENTS || scopes.length > MAX_DEPTH) return false;
    let scope = scopes[scopes.length - 1] as Scope;
    let local = name;
    let uri: string | null = null;
    if (this.usesNamespaces || scope !== NO_NAMESPACES) {
      const inside = scopeInside(scope, attributes);
      const namespace = inside && namespaceIn(inside, name);
      if (inside === undefined || namespace === undefined || !setNamespaces(attributes, inside)) return false;
      scope = inside;
      local = name.slice(name.indexOf(':') + 1);
      uri = namespace || null;
    }
    const element = new XmlElement(name, local, uri, parent, attributes, start, end);
    if (parent !== null) parent.append(element);
    this.root ??= element;
    if (isEmpty) return true;
    this.open = element;
    scopes.push(scope);
    return true;
  }

  private endTag(start: number): boolean {
    const { text, open } = this;
    if (open === null || !text.startsWith(open.tagName, start + 2)) return false;
    const end = afterSpace(text, start + 2 + open.tagName.length);
    if (text.charCodeAt(end) !== GREATER) return false;
    this.at = end + 1;
    open.close(start, end + 1);
    this.open = open.parent;
    this.scopes.pop();
    return true;
  }

  private comment(start: number): boolean {
    const end = this.text.indexOf('--', start + 4);
    this.at = end + 3;
    if (++this.comments > MAX_COMMENTS) return false;
    return end >= 0 && this.text.charCodeAt(end + 2) === GREATER && end - start <= MAX_TEXT / 3;
  }

  /** The attributes of a start tag, up to its `/` or `>`. */
  private attributes(): readonly XmlAttribute[] | undefined {
    const { text } = this;
    const { tagAttributes: attributes } = this;
    let count = 0;
    for (let at = this.at; ; ) {
      const nameStart = afterSpace(text, at);
      const code = text.charCodeAt(nameStart);
      if (code === GREATER || code === SLASH) {
        this.at = nameStart;
        // a copy: an array that grew has room for 16 more members
        return count === 0 ? NONE : attributes.slice(0, count);
      }
      const nameEnd = endOfName(text, nameStart);
      if (nameStart === at || nameEnd === nameStart || nameEnd - nameStart > MAX_NAME / 3) return undefined;
      const equals = afterSpace(text, nameEnd);
      if (text.charCodeAt(equals) !== EQUALS) return undefined;
      const opening = afterSpace(text, equals + 1);
      const quote = text.charCodeAt(opening);
      if (quote !== APOSTROPHE && quote !== QUOTE) return undefined;
      at = opening + 1;
      for (let next = text.charCodeAt(at); next !== quote; next = text.charCodeAt(++at)) {
        // a line end would become a space; NaN: the end of the text
        if (!(next >= SPACE) || next === LESS) return undefined;
      }
      if (at - opening > MAX_TEXT / 3 || ++this.allAttributes > MAX_ALL_ATTRIBUTES) return undefined;
      const name = shared(text.slice(nameStart, nameEnd));
      if (name === 'xmlns' || name.includes(':')) this.usesNamespaces = true;
      for (let index = 0; index < count; index++) if (attributes[index]?.name === name) return undefined;
      if (count === MOST_ATTRIBUTES) return undefined;
      attributes[count++] = { name, uri: '', value: shared(text.slice(opening + 1, at)), end: ++at };
    }
  }
}

const strings = new Map<string, string>();
/** Limits: V8 copies a part of at most 12 characters; a longer one refers to the whole text. */
const LONGEST_SHARED = 12;
const MOST_SHARED = 5000;

/** One string for equal names and short values: documents consist of few different ones. */
function shared(text: string): string {
  if (text.length > LONGEST_SHARED) return text;
  const known = strings.get(text);
  if (known !== undefined) return known;
  if (strings.size < MOST_SHARED) strings.set(text, text);
  return text;
}

/** White space is tabs, line feeds and spaces: UNUSUAL has excluded the other control characters. */
function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

/** The end of a name of ASCII characters with at most one colon; its start if there is no such name. */
function endOfName(text: string, start: number): number {
  if (NAME_CHARACTERS[text.charCodeAt(start)] !== 2) return start;
  let at = start + 1;
  while ((NAME_CHARACTERS[text.charCodeAt(at)] as number) > 0) at++;
  if (text.charCodeAt(at) !== COLON) return at;
  if (NAME_CHARACTERS[text.charCodeAt(++at)] !== 2) return start;
  while ((NAME_CHARACTERS[text.charCodeAt(at)] as number) > 0) at++;
  return at;
}
