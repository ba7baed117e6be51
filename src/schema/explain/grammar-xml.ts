import { resolveReferences } from '../../xml/content.js';

const RELAX_NG = 'http://relaxng.org/ns/structure/1.0';

/**
 * An element of a grammar. Elements of other namespaces are annotations and are left out. XML libraries take ten times
 * as long for the schemas, which are well-formed: libxml2 has compiled them. Attributes are parsed when they are
 * requested, and without regular expressions: in a run for one file the code never gets optimized.
 */
export class GrammarElement {
  #children: GrammarElement[] | undefined;
  text = '';

  /**
   * @param tag its start tag, from `<` to before `>`
   * @param namespace namespace of names without a prefix
   */
  constructor(
    readonly name: string,
    private readonly tag: string,
    readonly namespace: string,
    readonly parent: GrammarElement | undefined,
    /** parses its content when that is first used */
    private readonly readLater?: () => GrammarElement,
  ) {}

  get children(): GrammarElement[] {
    this.#children ??= this.readLater?.().children ?? [];
    return this.#children;
  }

  /** Undefined if it does not have the attribute. */
  attribute(name: string): string | undefined {
    return attributeIn(this.tag, name);
  }

  /** The value on the element, or on the nearest ancestor that has it; '' if none has it. */
  inherited(name: string): string {
    return this.attribute(name) ?? this.parent?.inherited(name) ?? '';
  }
}

/**
 * Parses the element whose tag begins at `start`.
 * @throws Error if it does not end
 */
export function parseGrammarElement(text: string, start: number, parent: GrammarElement | undefined): GrammarElement {
  const annotation = new GrammarElement('', '', '', undefined);
  let open: GrammarElement | undefined = parent;
  let root: GrammarElement | undefined;
  /** the open elements; undefined for an annotation and everything inside it */
  const stack: (GrammarElement | undefined)[] = [];
  let at = start;
  while (at >= 0) {
    const next = text.indexOf('<', at);
    if (next < 0) break;
    if (next > at && open && open !== annotation) addText(open, text, at, next);
    const mark = text.charCodeAt(next + 1);
    if (mark === SLASH) {
      open = stack.pop();
      at = text.indexOf('>', next) + 1;
    } else if (mark === EXCLAMATION || mark === QUESTION) {
      at = endOfSpecial(text, next);
      if (open && open !== annotation && text.startsWith(SECTION, next))
        open.text += text.slice(next + SECTION.length, at - 3);
      continue;
    } else {
      const end = endOfTag(text, next);
      const isEmpty = text.charCodeAt(end - 1) === SLASH;
      const tag = text.slice(next, isEmpty ? end - 1 : end);
      const isLater = root !== undefined && open !== annotation && !isEmpty && ELEMENT.test(tag);
      const around = open;
      const readLater = isLater ? () => parseGrammarElement(text, next, around) : undefined;
      const element = open === annotation ? undefined : elementOf(tag, open, readLater);
      if (element && root) open?.children.push(element);
      root ??= element ?? annotation;
      if (isLater) {
        at = endOfElement(text, end + 1);
        continue;
      }
      if (!isEmpty) {
        stack.push(open);
        open = element ?? annotation;
      }
      at = end + 1;
    }
    if (stack.length === 0 && root) return root;
  }
  throw new Error(`no end of ${text.slice(start, start + 40)}`);
}

/** An `<element>` of the grammar: most definitions have one, and a document uses few of them. */
const ELEMENT = /^<(?:[\w.-]+:)?element(?=\s|$)/;
const ELEMENT_TAG = /<!--[\s\S]*?-->|<(\/?)(?:[\w.-]+:)?element(?=[\s>])(?:[^>"']|"[^"]*"|'[^']*')*>/g;

/** The end of an `<element>`. @param from the end of its start tag */
function endOfElement(text: string, from: number): number {
  let depth = 1;
  ELEMENT_TAG.lastIndex = from;
  for (let tag = ELEMENT_TAG.exec(text); tag; tag = ELEMENT_TAG.exec(text)) {
    if (tag[1] === '/') depth--;
    else if (tag[1] === '' && !tag[0].endsWith('/>')) depth++;
    if (depth === 0) return ELEMENT_TAG.lastIndex;
  }
  return -1;
}

const SLASH = 47;
const EXCLAMATION = 33;
const QUESTION = 63;
const SECTION = '<![CDATA[';

function addText(open: GrammarElement, text: string, from: number, to: number): void {
  // most of the skipped text is white space between tags
  let at = from;
  while (at < to && text.charCodeAt(at) <= 32) at++;
  if (at < to) open.text += resolveReferences(text.slice(from, to));
}

/** The end of a comment, instruction or CDATA section. */
function endOfSpecial(text: string, start: number): number {
  const end = text.startsWith('<!--', start) ? '-->' : text.startsWith(SECTION, start) ? ']]>' : '?>';
  const at = text.indexOf(end, start);
  return at < 0 ? -1 : at + end.length;
}

/** Offset of a tag's `>`, skipping values. */
export function endOfTag(text: string, start: number): number {
  let end = text.indexOf('>', start);
  while (end >= 0 && isInValue(text, start, end)) end = text.indexOf('>', end + 1);
  if (end < 0) throw new Error(`no end of ${text.slice(start, start + 40)}`);
  return end;
}

function isInValue(text: string, start: number, end: number): boolean {
  const part = text.slice(start, end);
  if (!part.includes("'")) return part.split('"').length % 2 === 0;
  let quote = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (quote === 0 && (code === 34 || code === 39)) quote = code;
    else if (code === quote) quote = 0;
  }
  return quote !== 0;
}

/** Undefined for an annotation. */
function elementOf(
  tag: string,
  parent: GrammarElement | undefined,
  readLater?: () => GrammarElement,
): GrammarElement | undefined {
  let end = 1;
  while (end < tag.length && tag.charCodeAt(end) > 32) end++;
  const name = tag.slice(1, end);
  const colon = name.indexOf(':');
  const own = tag.includes('xmlns') ? attributeIn(tag, 'xmlns') : undefined;
  const namespace = own ?? parent?.namespace ?? '';
  const element = new GrammarElement(colon < 0 ? name : name.slice(colon + 1), tag, namespace, parent, readLater);
  const used = colon < 0 ? namespace : element.inherited(`xmlns:${name.slice(0, colon)}`);
  return used === RELAX_NG ? element : undefined;
}

/** The value of an attribute in a start tag. */
export function attributeIn(tag: string, name: string): string | undefined {
  let at = tag.indexOf(name);
  for (; at >= 0; at = tag.indexOf(name, at + 1)) {
    if (tag.charCodeAt(at - 1) > 32 || isInValue(tag, 0, at)) continue;
    const equals = afterSpace(tag, at + name.length);
    if (tag[equals] !== '=') continue;
    const start = afterSpace(tag, equals + 1);
    return resolveReferences(tag.slice(start + 1, tag.indexOf(tag[start] as string, start + 1)));
  }
  return undefined;
}

function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}
