import { applyEdits, type Edit } from '../../xml/edit.js';
import type { CompiledGrammar } from '../libxml2-wasm.js';

// A probe takes 0.1 ms for a device, 0.5 ms for a common domain, and 250 ms for a megabyte: two seconds in all at most.
const MAX_PROBES = 4000;
const MAX_PROBES_OF_A_PART = 1500;
const MAX_CHARACTERS = 8 << 20;
/** libxml2 needs the same time for one character as for so many pairs of siblings. */
const PAIRS_PER_CHARACTER = 50;

/** Thrown by a probe that would exceed the budget of its document or part. */
export class BudgetSpent extends Error {}

/** Validates variants of one document, within a budget. */
export class Probe {
  #probes = 0;
  #characters = 0;

  constructor(
    private readonly grammar: CompiledGrammar,
    private readonly whole?: Probe,
    private readonly extraCharacters = 0,
  ) {}

  /** A probe for a part of the document; its budget is part of this one. @param pairs of siblings in the part */
  ofPart(pairs: number): Probe {
    return new Probe(this.grammar, this, pairs / PAIRS_PER_CHARACTER);
  }

  /** @throws BudgetSpent */
  accepts(text: string): boolean {
    const characters = text.length + this.extraCharacters;
    if (!this.#affords(characters)) throw new BudgetSpent();
    this.#count(characters);
    return this.grammar.validateText(text).valid;
  }

  #affords(characters: number): boolean {
    const maxProbes = this.whole === undefined ? MAX_PROBES : MAX_PROBES_OF_A_PART;
    if (this.#probes >= maxProbes || this.#characters + characters > MAX_CHARACTERS) return false;
    return this.whole === undefined || this.whole.#affords(characters);
  }

  #count(characters: number): void {
    this.#probes += 1;
    this.#characters += characters;
    if (this.whole) this.whole.#count(characters);
  }
}

/** A part of a document in a frame that is certainly valid: any fault is in the part. */
export class Excerpt {
  constructor(
    private readonly probe: Probe,
    private readonly text: string,
    private readonly range: { start: number; end: number },
    private readonly before: string,
    private readonly after: string,
    private readonly permanentEdits: readonly Edit[] = [],
  ) {}

  /** True if the schema accepts it with these edits, which have offsets in the document. @throws BudgetSpent */
  accepts(edits: readonly Edit[]): boolean {
    const { start, end } = this.range;
    const shifted = [...this.permanentEdits, ...edits].map((edit) => ({
      ...edit,
      start: edit.start - start,
      end: edit.end - start,
    }));
    return this.probe.accepts(this.before + applyEdits(this.text.slice(start, end), shifted) + this.after);
  }

  /** The same part with permanent edits. */
  with(edits: readonly Edit[]): Excerpt {
    const permanentEdits = [...this.permanentEdits, ...edits];
    return new Excerpt(this.probe, this.text, this.range, this.before, this.after, permanentEdits);
  }
}
