import * as assert from 'uvu/assert';
import { Derivative } from '../../src/schema/explain/derivative.js';
import { Match } from '../../src/schema/explain/match.js';
import { NestedInterleaves } from '../../src/schema/explain/nested-interleaves.js';
import { Patterns } from '../../src/schema/explain/pattern.js';
import { readGrammar } from '../../src/schema/explain/read-grammar.js';
import { walk } from '../../src/schema/explain/walk.js';
import { findGrammar } from '../../src/schema/grammar.js';
import { parseXml } from '../../src/xml/parse.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { casesOf } from './cases.js';
import { randomDocuments } from './verdicts/random-documents.js';

const test = suiteWhere('match and walk', needs('libvirt-schemas'));

/** The verdict, and whether libxml2 may give another one; for a document with faults that depends on the way. */
interface Verdict {
  isValid: boolean;
  hasDoubt?: boolean;
}

function verdicts(texts: readonly string[]): { text: string; match: Verdict; walk: Verdict }[] {
  const patterns = new Patterns();
  const grammar = findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' });
  const start = readGrammar(grammar, patterns, new NestedInterleaves());
  const verdict = (isValid: boolean, { hasDoubt }: Derivative) => (isValid ? { isValid, hasDoubt } : { isValid });
  return texts.map((text) => {
    const document = parseXml(text);
    const [quick, slow] = [new Derivative(patterns), new Derivative(patterns)];
    const before = patterns.after(start, patterns.empty);
    const after = new Match(document, patterns, quick).element(before, document.root);
    const matchesNothing = { element: () => patterns.notAllowed };
    const { count } = walk(document, start, patterns, slow, 0, matchesNothing);
    return { text, match: verdict(after !== patterns.notAllowed, quick), walk: verdict(count === 0, slow) };
  });
}

function expectEqual(texts: readonly string[]): void {
  const all = verdicts(texts);
  for (const { text, match, walk } of all) assert.equal(match, walk, text);
  const valid = all.filter(({ match }) => match.isValid).length;
  assert.ok(valid > 0 && valid < all.length, `${valid} of ${all.length} are valid`);
}

test('agree on every case', () => {
  expectEqual([...casesOf('valid'), ...casesOf('invalid')].map((each) => each.text()));
});

test('agree on documents with random changes', () => {
  expectEqual(randomDocuments(1, 1000));
});

test.run();
