import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';
import { parseXml } from '../../xml/parse.js';
import type { Grammar } from '../grammar.js';
import { schemaOrigin } from '../schema-origin.js';
import { Derivative } from './derivative.js';
import { allowedNames } from './expected.js';
import { type Fault, withoutRepeatedCauses } from './fault.js';
import { nameOf } from './names.js';
import { NestedInterleaves } from './nested-interleaves.js';
import { type SpacedNumber, spacedNumbers, withoutSpace } from './number-space.js';
import { type Reordering, reorderings } from './order.js';
import { type Pattern, Patterns } from './pattern.js';
import { readGrammar } from './read-grammar.js';
import { walk } from './walk.js';

export const MOST_FAULTS = 20;
/** At this number the patterns are built anew: modified documents led to 313,000 (111 MB). */
const MOST_PATTERNS = 200_000;

export interface Explanation {
  faults: Fault[];
  /** number of further faults */
  more: number;
  /** true: libxml2's verdict is the same */
  isCertain: boolean;
  /** a number is written in a way that libxml2 may reject */
  hasDoubtfulNumber: boolean;
  /** why there are no faults: the grammar cannot be read, or uses an unsupported feature */
  failure?: string;
}

/** Finds the places where documents do not match a grammar, and what would match there. */
export class Explainer {
  #compiled: Compiled | undefined;

  constructor(private readonly grammar: Grammar) {}

  /** The schema's source, for messages: `libvirt 9.0.0's schema`. */
  get origin(): string {
    return schemaOrigin(this.grammar);
  }

  /** The faults of a document, in document order; none if it matches. */
  explain(document: XmlDocument, mostFaults = MOST_FAULTS): Explanation {
    try {
      return this.#explain(document, mostFaults);
    } catch (error) {
      return { faults: [], more: 0, isCertain: false, hasDoubtfulNumber: false, failure: (error as Error).message };
    }
  }

  /** Orders of the root's children that libxml2 may accept. For a document without faults that libxml2 rejects. */
  reorderings(document: XmlDocument): Reordering[] {
    const { patterns, start } = this.#read();
    const derive = new Derivative(patterns);
    const opened = derive.child(start, nameOf(document.root));
    return reorderings(document, allowedNames(derive.closeTag(opened, true), 'element'));
  }

  /** The first numbers with white space around them that libxml2 may reject, of a document that only it rejects. */
  spacedNumbers(document: XmlDocument): Fault[] {
    const numbers = spacedNumbers(document);
    const hasDoubt = (without: readonly SpacedNumber[]) =>
      this.explain(parseXml(withoutSpace(document, without))).hasDoubtfulNumber;
    if (numbers.length === 0 || hasDoubt(numbers)) return [];
    // another text that looks like a number, such as a name, may have white space
    const isNumber = (number: SpacedNumber) => hasDoubt(numbers.filter((each) => each !== number));
    return numbers
      .slice(0, MOST_FAULTS)
      .filter(isNumber)
      .map(({ fault }) => fault);
  }

  #explain(document: XmlDocument, mostFaults: number): Explanation {
    const { patterns, start, nested } = this.#read();
    const derive = new Derivative(patterns);
    const { faults, count } = walk(document, start, patterns, derive, mostFaults);
    const merged = withoutRepeatedCauses(faults).sort((a, b) => a.start - b.start);
    const isCertain = !derive.hasDoubt && (count > 0 || !mayDisturb(document.root, nested));
    return { faults: merged, more: count - faults.length, isCertain, hasDoubtfulNumber: derive.hasDoubtfulNumber };
  }

  #read(): Compiled {
    if (this.#compiled === undefined || this.#compiled.patterns.count > MOST_PATTERNS) {
      const patterns = new Patterns();
      const nested = new NestedInterleaves();
      this.#compiled = { patterns, nested, start: readGrammar(this.grammar, patterns, nested) };
    }
    return this.#compiled;
  }
}

/** The parts of a grammar that have been needed so far. */
interface Compiled {
  patterns: Patterns;
  start: Pattern;
  nested: NestedInterleaves;
}

function mayDisturb(element: XmlElement, nested: NestedInterleaves): boolean {
  if (nested.mayDisturb(element)) return true;
  const { content } = element;
  // a loop over indices, and no call for an element without children: this runs for every element of every document
  for (let index = 0; index < content.length; index++) {
    const part = content[index] as XmlElement | string;
    if (typeof part !== 'string' && part.content.length > 0 && mayDisturb(part, nested)) return true;
  }
  return false;
}
