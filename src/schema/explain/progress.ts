import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import type { Derivative } from './derivative.js';
import type { Fault, RepeatedFault } from './fault.js';
import { attributeName } from './names.js';
import type { Pattern, Patterns } from './pattern.js';

/** An open element. */
export interface Frame {
  element: XmlElement;
  /** the state before the element */
  before: Pattern;
  /** the state after its start tag: its allowed content */
  content: Pattern;
  /** attributes are missing */
  incomplete: boolean;
  /** its allowed children so far */
  taken: XmlElement[];
  /** children that occur too often, by name */
  repeated?: Map<string, RepeatedFault>;
  /** names that were probably meant by children with unknown names */
  meant?: Set<string>;
  parent: Frame | undefined;
}

/**
 * Limit in characters: two seconds. To explain a fault among 60 devices of 600 characters each takes at most 4 million.
 */
const MOST_TRIED = 16_000_000;

/** State that all parts of one walk share. */
export class Progress {
  readonly faults: Fault[] = [];
  /** number of faults, including those beyond the limit, which are only counted */
  count = 0;
  /** number of characters that were walked again to find conflicting siblings */
  tried = 0;

  constructor(
    readonly document: XmlDocument,
    readonly patterns: Patterns,
    readonly derive: Derivative,
    private readonly mostFaults: number,
  ) {}

  get isFull(): boolean {
    return this.faults.length >= this.mostFaults;
  }

  /** True after the limit of such walks: faults are then reported without the sibling that they conflict with. */
  get isExhausted(): boolean {
    return this.tried > MOST_TRIED;
  }

  /** @param make called only if the fault is to be reported: its text and place may take long in a large document */
  report(make: () => Fault): Fault | undefined {
    this.count++;
    if (this.isFull) return undefined;
    const fault = make();
    this.faults.push(fault);
    return fault;
  }

  isNone(state: Pattern): boolean {
    return state === this.patterns.notAllowed;
  }

  /** The state after these attributes, in any order. Those in `any` may have any value. */
  afterAttributes(opened: Pattern, attributes: readonly XmlAttribute[], any?: ReadonlySet<XmlAttribute>): Pattern {
    let state = opened;
    for (const each of attributes) {
      const isAny = any?.has(each) ?? false;
      state = this.derive.value(this.derive.attribute(state, attributeName(each)), each.value, isAny);
      if (this.isNone(state)) return state;
    }
    return state;
  }
}
