import { resolveReferences } from '../../xml/content.js';

const RELAX_NG = 'http://relaxng.org/ns/structure/1.0';

/**
 * An element of a grammar. Elements of other namespaces are annotations and are left out. XML libraries take ten times
 * as long for the schemas, which are well-formed: libxml2 has compiled them. In a run for one file V8 optimizes
 * nothing, so regular expressions do most of the work.
 */
export class GrammarElement {
  #children: GrammarElement[] | undefined;
  /** of a `<value>`, `<param>` or `<name>` */
  text = '';
  /** namespace of names without a prefix */
  readonly namespace: string;
  /** its attribute `ns`, or that of the nearest ancestor which has it; '' if none has */
  readonly ns: string;

  /**
   * @param attributes the part of its start tag after the name
   * @param readLater parses its content when that is first used
   */
  constructor(
    readonly name: string,
    private readonly attributes: string,
    readonly parent: GrammarElement | undefined,
    private readonly readLater?: () => GrammarElement,
  ) {
    this.ns = parent === undefined ? '' : parent.ns;
    this.namespace = parent === undefined ? '' : parent.namespace;
    if (!attributes.includes('ns')) return;
    this.ns = this.attribute('ns') ?? this.ns;
    this.namespace = this.attribute('xmlns') ?? this.namespace;
  }

  get children(): GrammarElement[] {
    this.#children ??= this.readLater === undefined ? [] : this.readLater().children;
    return this.#children;
  }

  /** Undefined if it does not have the attribute. */
  attribute(name: string): string | undefined {
    return this.attributes === '' ? undefined : attributeIn(this.attributes, name);
  }

  /** The namespace of a prefix; '' if it is not declared. */
  namespaceOf(prefix: string): string {
    return this.attribute(`xmlns:${prefix}`) ?? this.parent?.namespaceOf(prefix) ?? '';
  }
}

/** A comment, an instruction, a CDATA section (1), an end tag (2), or a start tag: prefix, name, attributes, slash. */
const MARKUP =
  /<(?:!--[\s\S]*?--|\?[\s\S]*?\?|!\[CDATA\[([\s\S]*?)\]\]|(\/)[^>]*|(?:([^\s/>:]+):)?([^\s/>:]+)((?:[^>"'/]|"[^"]*"|'[^']*'|\/(?!>))*)(\/)?)>/g;

/**
 * Parses the element whose tag begins at `start`. The content of `<element>` and `<attribute>` in it is parsed when it
 * is used: a document has few of them.
 * @throws Error if it does not end
 */
export function parseGrammarElement(text: string, start: number, parent: GrammarElement | undefined): GrammarElement {
  const annotation = new GrammarElement('', '', undefined);
  let open = parent;
  let root: GrammarElement | undefined;
  /** the open elements; `annotation` for an annotation and everything inside it */
  const stack: (GrammarElement | undefined)[] = [];
  let at = start;
  for (;;) {
    MARKUP.lastIndex = at;
    const found = MARKUP.exec(text);
    if (found === null) throw new Error(`no end of ${text.slice(start, start + 40)}`);
    const { index, 1: section, 2: end, 3: prefix, 4: name, 5: attributes = '', 6: empty } = found;
    if (open !== undefined && HAS_TEXT.has(open.name)) {
      open.text += resolveReferences(text.slice(at, index)) + (section ?? '');
    }
    at = index + found[0].length;
    if (end !== undefined) open = stack.pop();
    else if (name !== undefined) {
      const isLater = root !== undefined && empty === undefined && IS_READ_LATER.has(name) && open !== annotation;
      const around = open;
      const readLater = isLater ? () => parseGrammarElement(text, index, around) : undefined;
      const element = open === annotation ? annotation : elementOf(prefix, name, attributes, open, readLater);
      if (root === undefined) root = element ?? annotation;
      else if (element !== undefined && element !== annotation) open?.children.push(element);
      if (isLater) at = endOfElement(text, at, name);
      else if (empty === undefined) {
        stack.push(open);
        open = element ?? annotation;
      }
    } else continue;
    if (stack.length === 0) return root ?? annotation;
  }
}

const HAS_TEXT: ReadonlySet<string> = new Set(['value', 'param', 'name']);
const IS_READ_LATER: ReadonlySet<string> = new Set(['element', 'attribute']);

/** Undefined for an annotation. */
function elementOf(
  prefix: string | undefined,
  name: string,
  attributes: string,
  parent: GrammarElement | undefined,
  readLater: (() => GrammarElement) | undefined,
): GrammarElement | undefined {
  const element = new GrammarElement(name, attributes, parent, readLater);
  const namespace = prefix === undefined ? element.namespace : element.namespaceOf(prefix);
  return namespace === RELAX_NG ? element : undefined;
}

const TAGS = Object.fromEntries(
  [...IS_READ_LATER].map((name) => [
    name,
    new RegExp(`<!--[\\s\\S]*?-->|<(/?)(?:[\\w.-]+:)?${name}(?=[\\s>])(?:[^>"']|"[^"]*"|'[^']*')*>`, 'g'),
  ]),
);

/** The end of an element. @param from the end of its start tag */
function endOfElement(text: string, from: number, name: string): number {
  const tags = TAGS[name] as RegExp;
  let depth = 1;
  tags.lastIndex = from;
  for (let tag = tags.exec(text); tag; tag = tags.exec(text)) {
    if (tag[1] === '/') depth--;
    else if (tag[1] === '' && !tag[0].endsWith('/>')) depth++;
    if (depth === 0) return tags.lastIndex;
  }
  throw new Error(`<${name}> is not closed`);
}

const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The value of an attribute in a part of a start tag. */
export function attributeIn(attributes: string, name: string): string | undefined {
  ATTRIBUTE.lastIndex = 0;
  for (let found = ATTRIBUTE.exec(attributes); found; found = ATTRIBUTE.exec(attributes)) {
    if (found[1] === name) return resolveReferences(found[2] ?? found[3] ?? '');
  }
  return undefined;
}
