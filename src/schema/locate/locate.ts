import { attributesOf } from '../../xml/attributes.js';
import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';
import { parseXml } from '../../xml/parse.js';
import type { Grammar } from '../grammar.js';
import { type CompiledGrammar, openLibxml2Wasm } from '../libxml2-wasm.js';
import { countSiblingPairs } from '../size-limit.js';
import type { SchemaFault } from './fault.js';
import { Parts } from './parts.js';
import { BudgetSpent, Excerpt, Probe } from './probe.js';
import { searchAmongChildren, searchInside } from './search.js';
import { readVocabulary, type Vocabulary } from './vocabulary.js';

// the smallest domain that all versions of libvirt accept
const FRAME = { name: '<name>a</name>', os: '<os><type>hvm</type></os>' };
const MOST_FAULTS = 20;
/** libxml2's time is quadratic in the children of <devices>, so they are validated in groups. */
const GROUP = 500;
/** Longer documents and parts are not validated as a whole: that could take the engine's time many times over. */
const LARGE = 1 << 20;
/** Nor are documents with more pairs of siblings: 10,000 children of one element. */
const CROWDED = 50_000_000;

/**
 * Finds the places where documents do not match a grammar. libxml2 does not report them (it names all of <devices>), so
 * it validates many variants: each part in a frame that is known to be valid, and changes of that part.
 */
export class Locator {
  #vocabulary: Vocabulary | undefined;

  private constructor(
    private readonly grammar: Grammar,
    private readonly compiled: CompiledGrammar,
  ) {}

  /** @throws SchemaError if the grammar does not compile */
  static async open(grammar: Grammar): Promise<Locator> {
    return new Locator(grammar, await openLibxml2Wasm(grammar));
  }

  /**
   * The faults of a document, in document order; empty if libxml2-wasm accepts it, or if none was found within the
   * budget.
   */
  locate(document: XmlDocument): SchemaFault[] {
    if (this.takes(document)) return [];
    this.#vocabulary ??= readVocabulary(this.grammar);
    const search = new DomainSearch(document, new Probe(this.compiled), new Parts(document, this.#vocabulary));
    return search.faults().sort((a, b) => a.start - b.start);
  }

  /**
   * True if libxml2-wasm accepts the document, whatever the verdict of another engine; false for one that takes it too
   * long.
   */
  takes(document: XmlDocument): boolean {
    return isSmall(document) && this.compiled.validateText(document.text).valid;
  }

  close(): void {
    this.compiled.close();
  }
}

const isSmall = ({ text, root }: XmlDocument) => text.length <= LARGE && countSiblingPairs(root).pairs <= CROWDED;

class DomainSearch {
  readonly #faults: SchemaFault[] = [];
  /** namespace declarations of the root and of `<devices>`, which the frames need, too */
  readonly #namespaces: string;

  constructor(
    private readonly document: XmlDocument,
    private readonly probe: Probe,
    private readonly parts: Parts,
  ) {
    const { root, text } = document;
    const declared = [root, ...root.children]
      .filter(({ tagName }) => tagName === 'domain' || tagName === 'devices')
      .flatMap((element) => attributesOf(document, element))
      .filter(({ name }) => name.startsWith('xmlns:'))
      .map(({ name, start, end }): [string, string] => [name, text.slice(start, end)]);
    this.#namespaces = [...new Map(declared).values()].join(' ');
  }

  faults(): SchemaFault[] {
    try {
      this.#search();
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    }
    return this.#faults.slice(0, MOST_FAULTS);
  }

  #search(): void {
    const { root } = this.document;
    if (root.tagName !== 'domain' || root.namespaceURI) {
      this.#faults.push(this.#place(root));
      return;
    }
    if (!this.#searchRootTag(root)) return;
    for (const child of root.children) {
      if (child.tagName === 'devices') this.#searchDevices(child);
      else this.#searchPart(child, ...this.#frameFor(child.tagName));
    }
    // each part alone is valid, so their number, their order or their combination is wrong
    if (this.#faults.length === 0 && isSmall(this.document)) {
      const { start, end } = root;
      const probe = this.probe.ofPart(countSiblingPairs(root).pairs);
      const whole = new Excerpt(probe, this.document.text, { start, end }, '', '');
      this.#faults.push(...searchAmongChildren(root, whole, this.parts));
    }
  }

  /** True if the start tag is valid: it is validated in a document of its own, at the same offset. */
  #searchRootTag(root: XmlElement): boolean {
    const { openEnd, end } = root;
    const tag = openEnd === end ? `${this.document.text.slice(0, end - 2)}>` : this.document.text.slice(0, openEnd);
    const bare = parseXml(`${tag}${FRAME.name}${FRAME.os}</domain>`);
    const excerpt = new Excerpt(this.probe, bare.text, bare.root, '', '');
    if (excerpt.accepts([])) return true;
    const found = searchInside(bare.root, excerpt, new Parts(bare, this.parts.vocabulary));
    this.#faults.push(...(found.length > 0 ? found : [{ ...this.#place(root), known: true }]));
    return false;
  }

  #searchDevices(devices: XmlElement): void {
    const [before, after] = this.#frameFor('devices');
    const { start, openEnd, closeStart, end } = devices;
    const isLarge = devices.children.length > GROUP;
    if (!isLarge && new Excerpt(this.probe, this.document.text, { start, end }, before, after).accepts([])) return;
    const open = this.document.text.slice(start, openEnd);
    const close = this.document.text.slice(closeStart, end);
    const inDevices = [before + open, close + after] as const;
    if (!this.probe.accepts(inDevices.join(''))) {
      this.#searchPart(devices, before, after);
      return;
    }
    const known = this.#faults.length;
    const { children } = devices;
    for (let from = 0; from < children.length; from += GROUP) {
      this.#searchAmong(children.slice(from, from + GROUP), ...inDevices);
    }
    if (this.#faults.length === known && !isLarge) this.#searchPart(devices, before, after, searchAmongChildren);
  }

  /** Bisects the devices until each invalid one is alone, so that many valid ones cost little. */
  #searchAmong(devices: readonly XmlElement[], before: string, after: string): void {
    const [first] = devices;
    const last = devices.at(-1);
    if (first === undefined || last === undefined || this.#faults.length >= MOST_FAULTS) return;
    if (devices.length === 1) {
      this.#searchPart(first, before, after);
      return;
    }
    const range = { start: first.start, end: last.end };
    if (new Excerpt(this.probe, this.document.text, range, before, after).accepts([])) return;
    const middle = devices.length >> 1;
    this.#searchAmong(devices.slice(0, middle), before, after);
    this.#searchAmong(devices.slice(middle), before, after);
  }

  #searchPart(element: XmlElement, before: string, after: string, search = searchInside): void {
    if (element.end - element.start > LARGE) return;
    const probe = this.probe.ofPart(countSiblingPairs(element).pairs);
    const excerpt = new Excerpt(probe, this.document.text, element, before, after);
    if (excerpt.accepts([])) return;
    const found: SchemaFault[] = [];
    try {
      if (this.#isKnown(element)) found.push(...search(element, excerpt, this.parts));
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    } finally {
      this.#faults.push(...(found.length > 0 ? found : [this.#place(element)]));
    }
  }

  #isKnown(child: XmlElement): boolean {
    const owner = child.parent;
    return owner !== null && this.parts.isKnown({ owner, child, removal: { start: 0, end: 0, text: '' } });
  }

  #place(element: XmlElement): SchemaFault {
    const { start, openEnd } = element;
    const parent = element.parent?.tagName;
    const known = this.#isKnown(element);
    return { kind: 'element', start, end: openEnd, element: element.tagName, ...(parent ? { parent } : {}), known };
  }

  /** A valid domain around a place for one child; the frame's own element of that name is omitted. */
  #frameFor(tag: string): [string, string] {
    const inner = Object.entries(FRAME).flatMap(([name, text]) => (name === tag ? [] : text));
    return [`<domain type="kvm" ${this.#namespaces}>${inner.join('')}`, '</domain>'];
  }
}
