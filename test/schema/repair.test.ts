import * as assert from 'uvu/assert';
import { Explainer } from '../../src/schema/explain/explain.js';
import type { Fault } from '../../src/schema/explain/fault.js';
import { findGrammar } from '../../src/schema/grammar.js';
import { type CompiledGrammar, openLibxml2Wasm } from '../../src/schema/libxml2-wasm.js';
import type { XmlElement } from '../../src/xml/element.js';
import { parseXml } from '../../src/xml/parse.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { randomNumbers } from '../support/random.js';
import { goodSamples } from '../support/samples.js';
import { casesOf } from './cases.js';
import { type Misspelling, misspelt } from './mutants.js';

// Documents with one mistake, which libxml2 must accept again after the hint is followed.
const MUTANTS = 1500;
const SEED = 20261130;

const test = suiteWhere('following a hint', needs('libvirt-schemas'));
let libxml2: CompiledGrammar;
const grammar = () => findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' });
test.before(async () => {
  libxml2 = await openLibxml2Wasm(grammar());
});
test.after(() => libxml2.close());

test(`${MUTANTS} documents with one mistake: after following the hint libxml2 accepts at least 99 %, and all attributes and values`, () => {
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
  // Another element's name may be as similar as the intended one.
  assert.ok(
    rejected.every((each) => each.startsWith('element:')),
    shown,
  );
});

test('cases with one error are valid after following the hint', () => {
  const explainer = new Explainer(grammar());
  const followedCases = casesOf('invalid').flatMap((one) => {
    const { faults } = explainer.explain(parseXml(one.text()));
    const [fault] = faults;
    const repaired = fault && faults.length === 1 ? followed(one.text(), fault) : undefined;
    return repaired === undefined ? [] : [{ name: one.name, verdict: libxml2.validateText(repaired) }];
  });
  assert.ok(followedCases.length > 15, `${followedCases.length} cases`);
  const rejected = followedCases.filter(({ verdict }) => !verdict.valid);
  assert.equal(rejected, []);
  assert.ok(followedCases.some(({ name }) => name === 'usb-address-before-vendor'));
});

/** The document after following the hint; undefined if the hint does not say exactly what to write. */
function followed(text: string, { kind, hint, start, end, message }: Fault): string | undefined {
  if (hint === undefined) return undefined;
  const replaced = (by: string) => text.slice(0, start) + by + text.slice(end);
  if (kind === 'text') return replaced({ 'remove it': '', 'write ordinary spaces': ' ' }[hint] ?? hint);
  if (kind === 'attribute' || kind === 'value') return /^[\w.-]+="[^"]*"$/.test(hint) ? replaced(hint) : undefined;
  const element = elements(parseXml(text).root).find((each) => each.start === start);
  const [, verb, name = '', other] = /^(?:(keep one|put) )?<([\w.:-]+)>(?: after <([\w.:-]+)>)?$/.exec(hint) ?? [];
  if (element === undefined || name === '' || message.includes('there are')) return undefined;
  const { tagName, closeStart, openEnd, parent } = element;
  if (verb === 'keep one') return text.slice(0, start) + text.slice(element.end);
  if (verb === 'put') {
    const siblings = parent?.children ?? [];
    const moved = siblings.find((each) => each.tagName === name);
    const target = siblings.find((each) => each.tagName === other);
    if (!moved || !target) return undefined;
    const source = text.slice(moved.start, moved.end);
    return text.slice(0, moved.start) + text.slice(moved.end, target.end) + source + text.slice(target.end);
  }
  const head = `${text.slice(0, start)}<${name}`;
  const rest = start + 1 + tagName.length;
  if (element.end === openEnd && closeStart === openEnd) return head + text.slice(rest);
  return `${head}${text.slice(rest, closeStart)}</${name}>${text.slice(element.end)}`;
}

function elements(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(elements)];
}

test.run();
