import { applyEdits, type Edit } from '../../xml/edit.js';
import type { CompiledGrammar } from '../libxml2-wasm.js';

// A probe takes a tenth of a millisecond for a device, and half of one for a common domain; a megabyte takes a quarter
// of a second. Two seconds at the very worst, then.
const MOST_PROBES = 4000;
const MOST_PROBES_OF_A_PART = 1500;
const MOST_CHARACTERS = 8 << 20;
/** libxml2 takes as long for a character as for so many pairs of siblings. */
const PAIRS_PER_CHARACTER = 50;

/** Thrown by a probe that would exceed the budget of its document or part. */
export class BudgetSpent extends Error {}

/** Asks a grammar about variants of one document, within a budget. */
export class Probe {
  #probes = 0;
  #characters = 0;

  constructor(
    private readonly grammar: CompiledGrammar,
    private readonly whole?: Probe,
    private readonly toll = 0,
  ) {}

  /** One for a part of the document, whose own budget is part of this one. `pairs`: of siblings in it. */
  ofPart(pairs: number): Probe {
    return new Probe(this.grammar, this, pairs / PAIRS_PER_CHARACTER);
  }

  /** @throws BudgetSpent */
  accepts(text: string): boolean {
    const characters = text.length + this.toll;
    if (!this.#affords(characters)) throw new BudgetSpent();
    this.#count(characters);
    return this.grammar.validateText(text).valid;
  }

  #affords(characters: number): boolean {
    const most = this.whole === undefined ? MOST_PROBES : MOST_PROBES_OF_A_PART;
    if (this.#probes >= most || this.#characters + characters > MOST_CHARACTERS) return false;
    return this.whole === undefined || this.whole.#affords(characters);
  }

  #count(characters: number): void {
    this.#probes += 1;
    this.#characters += characters;
    if (this.whole) this.whole.#count(characters);
  }
}

/** A part of a document in surroundings that are valid for sure: what is wrong there is wrong in the part. */
export class Excerpt {
  constructor(
    private readonly probe: Probe,
    private readonly text: string,
    private readonly range: { start: number; end: number },
    private readonly before: string,
    private readonly after: string,
    private readonly standing: readonly Edit[] = [],
  ) {}

  /** Whether the schema takes it with these edits, whose offsets are the document's. @throws BudgetSpent */
  accepts(edits: readonly Edit[]): boolean {
    const { start, end } = this.range;
    const shifted = [...this.standing, ...edits].map((edit) => ({
      ...edit,
      start: edit.start - start,
      end: edit.end - start,
    }));
    return this.probe.accepts(this.before + applyEdits(this.text.slice(start, end), shifted) + this.after);
  }

  /** The same part with edits that stay. */
  with(edits: readonly Edit[]): Excerpt {
    const standing = [...this.standing, ...edits];
    return new Excerpt(this.probe, this.text, this.range, this.before, this.after, standing);
  }
}
