import { resolveReferences } from '../../xml/content.js';

const RELAX_NG = 'http://relaxng.org/ns/structure/1.0';
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/[^>]*>|<([^\s/>!?]+)((?:[^"'>]|"[^"]*"|'[^']*')*?)(\/?)>|[^<]+/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * An element of a grammar. Elements of other namespaces are annotations, and are left out. Libraries take ten times as
 * long for the schemas, and those are well-formed: libxml2 has compiled them.
 */
export class GrammarElement {
  readonly children: GrammarElement[] = [];
  text = '';

  constructor(
    readonly name: string,
    private readonly attributes: ReadonlyMap<string, string>,
    readonly parent: GrammarElement | undefined,
  ) {}

  /** Undefined if it has none of that name. */
  attribute(name: string): string | undefined {
    return this.attributes.get(name);
  }

  /** Of the element, or of the nearest one around it that has it; '' if none has. */
  inherited(name: string): string {
    return this.attributes.get(name) ?? this.parent?.inherited(name) ?? '';
  }
}

/** The element whose tag begins at `start`. @throws Error if it does not end */
export function parseGrammarElement(text: string, start: number, parent: GrammarElement | undefined): GrammarElement {
  const annotation = new GrammarElement('', new Map(), undefined);
  let open: GrammarElement | undefined = parent;
  let depth = 0;
  let root: GrammarElement | undefined;
  /** how deep the element is that is an annotation */
  let ignoredAt = Number.POSITIVE_INFINITY;
  const stack: (GrammarElement | undefined)[] = [];
  TOKEN.lastIndex = start;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    const [all, section, tag, attributes = '', empty] = token;
    if (tag !== undefined) {
      const element = elementOf(tag, attributes, open);
      if (element === undefined) ignoredAt = Math.min(ignoredAt, depth);
      const taken = depth < ignoredAt ? element : undefined;
      if (taken && depth > 0) open?.children.push(taken);
      root ??= taken ?? annotation;
      if (empty === '') {
        stack.push(open);
        open = taken ?? annotation;
        depth++;
      } else if (depth <= ignoredAt) ignoredAt = Number.POSITIVE_INFINITY;
    } else if (all.startsWith('</')) {
      open = stack.pop();
      depth--;
      if (depth <= ignoredAt) ignoredAt = Number.POSITIVE_INFINITY;
    } else if (open && all.charCodeAt(0) !== 60) {
      if (/\S/.test(all)) open.text += resolveReferences(all);
    } else if (section !== undefined && open) open.text += section;
    if (depth === 0 && root) return root;
  }
  throw new Error(`no end of ${text.slice(start, start + 40)}`);
}

/** Undefined for an annotation. */
function elementOf(tag: string, text: string, parent: GrammarElement | undefined): GrammarElement | undefined {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    attributes.set(name, resolveReferences(double ?? single ?? ''));
  }
  const colon = tag.indexOf(':');
  const element = new GrammarElement(tag.slice(colon + 1), attributes, parent);
  const namespace = element.inherited(colon < 0 ? 'xmlns' : `xmlns:${tag.slice(0, colon)}`);
  return namespace === RELAX_NG ? element : undefined;
}
