import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import type { Derivative } from './derivative.js';
import type { Fault, RepeatedFault } from './fault.js';
import { attributeName } from './names.js';
import type { Pattern, Patterns } from './pattern.js';

/** An element that is open. */
export interface Frame {
  element: XmlElement;
  /** the state before the element */
  before: Pattern;
  /** the state after its start tag: what may be in it */
  content: Pattern;
  /** it lacks attributes */
  incomplete: boolean;
  /** its children so far that were allowed */
  taken: XmlElement[];
  /** children that are there too often, by name */
  repeated?: Map<string, RepeatedFault>;
  /** names that children with unknown names probably mean */
  meant?: Set<string>;
  parent: Frame | undefined;
}

/** Characters: two seconds of walking. A fault among 60 devices of 600 characters each takes at most 4 million. */
const MOST_TRIED = 16_000_000;

/** What the parts of one walk share. */
export class Progress {
  readonly faults: Fault[] = [];
  /** with those that are beyond the most, which are only counted */
  count = 0;
  /** characters of elements that were walked once more, to find what a fault clashes with */
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

  /** True when such walks have taken long: then a fault is reported without what it clashes with. */
  get isExhausted(): boolean {
    return this.tried > MOST_TRIED;
  }

  /** @param make called only if the fault is wanted: its text and place may take long in a large document */
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

  /** The state after these attributes, in any order. The values of those in `any` do not count. */
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
