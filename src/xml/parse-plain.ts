import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import { MAX_ALL_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_NAME, MAX_TEXT } from './limits.js';
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

const [TAB, LF, SPACE, EXCLAMATION, QUOTE, APOSTROPHE] = [9, 10, 32, 33, 34, 39] as const;
const [SLASH, COLON, LESS, EQUALS, GREATER] = [47, 58, 60, 61, 62] as const;
const isSpace = (code: number) => code === SPACE || code === LF || code === TAB;

/** 2 for characters that can start a name, 1 for others in a name, without the colon. */
const NAME_CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[A-Za-z_]/.test(character) ? 2 : /[\d.-]/.test(character) ? 1 : 0;
});

const NONE: readonly XmlAttribute[] = [];

class PlainParser {
  #at = 0;
  #root: XmlElement | undefined;
  #open: XmlElement | null = null;
  /** the namespaces around the root, and inside each open element */
  readonly #scopes: Scope[] = [NO_NAMESPACES];
  #elements = 0;
  #allAttributes = 0;
  /** the current tag has a name with a colon, or `xmlns` */
  #usesNamespaces = false;

  constructor(private readonly text: string) {}

  /** Undefined at the first part that is not plain. */
  parse(start: number): XmlDocument | undefined {
    const { text } = this;
    this.#at = start;
    for (;;) {
      const from = this.#at;
      const tag = text.indexOf('<', from);
      this.#skipSpace();
      if (tag < 0) break;
      if (tag - from > MAX_TEXT / 3) return undefined;
      if (this.#at < tag) {
        if (this.#open === null) return undefined;
        this.#open.append(text.slice(from, tag));
      }
      const code = text.charCodeAt(tag + 1);
      const isPlain =
        code === SLASH ? this.#endTag(tag) : code === EXCLAMATION ? this.#comment(tag) : this.#startTag(tag);
      if (!isPlain) return undefined;
    }
    const isWhole = this.#root !== undefined && this.#open === null && this.#at === text.length;
    return isWhole ? new XmlDocument(text, this.#root as XmlElement) : undefined;
  }

  #startTag(start: number): boolean {
    const { text } = this;
    const parent = this.#open;
    if (this.#root !== undefined && parent === null) return false;
    this.#at = start + 1;
    this.#usesNamespaces = false;
    const name = this.#name();
    if (name === undefined || name === 'xmlns') return false;
    const attributes = this.#attributes();
    if (attributes === undefined) return false;
    const isEmpty = text.charCodeAt(this.#at) === SLASH;
    if (isEmpty) this.#at++;
    if (text.charCodeAt(this.#at++) !== GREATER) return false;
    if (++this.#elements > MAX_ELEMENTS || this.#scopes.length > MAX_DEPTH) return false;
    let scope = this.#scopes[this.#scopes.length - 1] as Scope;
    let local = name;
    let uri: string | null = null;
    if (this.#usesNamespaces || scope !== NO_NAMESPACES) {
      const inside = scopeInside(scope, attributes);
      const namespace = inside && namespaceIn(inside, name);
      if (inside === undefined || namespace === undefined || !setNamespaces(attributes, inside)) return false;
      scope = inside;
      local = name.slice(name.indexOf(':') + 1);
      uri = namespace || null;
    }
    const element = new XmlElement(name, local, uri, parent, attributes, start, this.#at);
    if (parent !== null) parent.append(element);
    this.#root ??= element;
    if (isEmpty) return true;
    this.#open = element;
    this.#scopes.push(scope);
    return true;
  }

  #endTag(start: number): boolean {
    const { text } = this;
    const open = this.#open;
    if (open === null || !text.startsWith(open.tagName, start + 2)) return false;
    this.#at = start + 2 + open.tagName.length;
    this.#skipSpace();
    if (text.charCodeAt(this.#at++) !== GREATER) return false;
    open.close(start, this.#at);
    this.#open = open.parent;
    this.#scopes.pop();
    return true;
  }

  #comment(start: number): boolean {
    const end = this.text.indexOf('--', start + 4);
    this.#at = end + 3;
    return end >= 0 && this.text.charCodeAt(end + 2) === GREATER && end - start <= MAX_TEXT / 3;
  }

  #skipSpace(): void {
    while (isSpace(this.text.charCodeAt(this.#at))) this.#at++;
  }

  /** A name of ASCII characters, with at most one colon. */
  #name(): string | undefined {
    const { text } = this;
    const start = this.#at;
    if (NAME_CHARACTERS[text.charCodeAt(start)] !== 2) return undefined;
    let at = start + 1;
    while ((NAME_CHARACTERS[text.charCodeAt(at)] as number) > 0) at++;
    if (text.charCodeAt(at) === COLON) {
      this.#usesNamespaces = true;
      at++;
      if (NAME_CHARACTERS[text.charCodeAt(at)] !== 2) return undefined;
      while ((NAME_CHARACTERS[text.charCodeAt(at)] as number) > 0) at++;
    }
    this.#at = at;
    return at - start > MAX_NAME / 3 ? undefined : text.slice(start, at);
  }

  /** The attributes of a start tag, up to its `/` or `>`. */
  #attributes(): XmlAttribute[] | undefined {
    const { text } = this;
    let attributes = NONE as XmlAttribute[];
    for (;;) {
      const before = this.#at;
      this.#skipSpace();
      const code = text.charCodeAt(this.#at);
      if (code === GREATER || code === SLASH) return attributes;
      if (this.#at === before) return undefined;
      const name = this.#name();
      if (name === undefined) return undefined;
      if (name === 'xmlns') this.#usesNamespaces = true;
      this.#skipSpace();
      if (text.charCodeAt(this.#at++) !== EQUALS) return undefined;
      this.#skipSpace();
      const value = this.#value();
      if (value === undefined || attributes.length >= MOST_ATTRIBUTES) return undefined;
      for (const other of attributes) if (other.name === name) return undefined;
      if (++this.#allAttributes > MAX_ALL_ATTRIBUTES) return undefined;
      const attribute = { name, uri: '', value, end: this.#at };
      if (attributes === NONE) attributes = [attribute];
      else attributes.push(attribute);
    }
  }

  #value(): string | undefined {
    const { text } = this;
    const quote = text.charCodeAt(this.#at);
    if (quote !== APOSTROPHE && quote !== QUOTE) return undefined;
    const start = this.#at + 1;
    let at = start;
    for (let code = text.charCodeAt(at); code !== quote; code = text.charCodeAt(++at)) {
      // NaN at the end of the text
      if (!(code >= SPACE) || code === LESS) return undefined;
    }
    this.#at = at + 1;
    return at - start > MAX_TEXT / 3 ? undefined : text.slice(start, at);
  }
}
