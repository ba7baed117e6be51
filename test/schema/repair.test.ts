import * as assert from 'uvu/assert';
import { Explainer } from '../../src/schema/explain/explain.js';
import type { Fault } from '../../src/schema/explain/fault.js';
import { findGrammar } from '../../src/schema/grammar.js';
import { type CompiledGrammar, openLibxml2Wasm } from '../../src/schema/libxml2-wasm.js';
import type { XmlElement } from '../../src/xml/element.js';
import { parseXml } from '../../src/xml/parse.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { goodSamples } from '../support/samples.js';
import { casesOf } from './cases.js';
import { type Misspelling, misspelt, randomNumbers } from './mutants.js';

// A document with one mistake is as libxml2 accepts it again after the hint is followed.
const MUTANTS = 1500;
const SEED = 20261130;

const test = suiteWhere('following a hint', needs('libvirt-schemas'));
let libxml2: CompiledGrammar;
const grammar = () => findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' });
test.before(async () => {
  libxml2 = await openLibxml2Wasm(grammar());
});
test.after(() => libxml2.close());

test(`${MUTANTS} documents with one mistake: libxml2 accepts at least 99 % again, and each attribute and value`, () => {
  const documents = [...casesOf('valid').map((valid) => valid.text()), ...goodSamples().map(({ text }) => text)];
  const random = randomNumbers(SEED);
  const explainer = new Explainer(grammar());
  const hints = new Map<Misspelling, number>();
  const rejected: string[] = [];
  for (let index = 0; index < MUTANTS; index++) {
    const { text, kind } = misspelt(documents[random(documents.length)] as string, random);
    const [fault] = explainer.explain(parseXml(text)).faults;
    const repaired = fault && followed(text, fault);
    if (repaired === undefined) continue;
    hints.set(kind, (hints.get(kind) ?? 0) + 1);
    if (!libxml2.validateText(repaired).valid) rejected.push(`${kind}: ${fault?.message}; try: ${fault?.hint}`);
  }
  const count = [...hints.values()].reduce((sum, of) => sum + of, 0);
  const shown = `of ${count} hints ${rejected.length} do not help:\n${rejected.join('\n')}`;
  for (const kind of ['attribute', 'element', 'value', 'repeated'] as const) {
    assert.ok((hints.get(kind) ?? 0) > 100, `${hints.get(kind)} hints for ${kind}`);
  }
  assert.ok(rejected.length <= count / 100, shown);
  // a name of another element may be as near as the one that was meant
  assert.ok(
    rejected.every((each) => each.startsWith('element:')),
    shown,
  );
});

/** The document after the hint; undefined if there is none that says exactly what to write. */
function followed(text: string, { kind, hint, start, end }: Fault): string | undefined {
  if (hint === undefined || hint.includes('…')) return undefined;
  const replaced = (by: string) => text.slice(0, start) + by + text.slice(end);
  if (kind === 'attribute' || kind === 'value' || kind === 'text') return replaced(hint);
  const { root } = parseXml(text);
  const element = elements(root).find((each) => each.start === start);
  if (element === undefined || kind === 'missing') return undefined;
  const { tagName, closeStart, openEnd } = element;
  const without = text.slice(0, start) + text.slice(element.end);
  const [, verb, name = '', before] = /^(?:(keep one|put) )?<([^>]+)>(?: before <(.+)>)?$/.exec(hint) ?? [];
  if (verb === 'keep one') return without;
  if (verb === 'put') {
    const other = element.parent?.children.find((each) => each.tagName === before);
    return other && text.slice(0, other.start) + text.slice(start, element.end) + without.slice(other.start);
  }
  const after = start + 1 + tagName.length;
  const head = text.slice(0, start + 1) + name;
  if (closeStart === openEnd && element.end === openEnd) return head + text.slice(after);
  return `${head}${text.slice(after, closeStart)}</${name}>${text.slice(element.end)}`;
}

function elements(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(elements)];
}

test.run();
