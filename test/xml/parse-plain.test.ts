import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { XmlElement } from '../../src/xml/element.js';
import { parsePlain } from '../../src/xml/parse-plain.js';
import { parseStrictly } from '../../src/xml/parse-strictly.js';
import { casesOf } from '../schema/cases.js';
import { randomNumbers } from '../support/random.js';
import { goodSamples } from '../support/samples.js';

const plain = suite('plain documents');

const EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
<!-- one --><domain type='kvm' xmlns:q="urn:q" >
  <name>caf\u00e9 > tea</name><q:a q:b="1" b='"'  c = "&#9;" /><b xmlns="urn:b"><c/></b>
  text<!-- - -->more</domain>
`;
/** Parts that are not plain, and parts that are not well-formed. */
const PARTS = [
  ...[
    '<',
    '>',
    '/',
    '&',
    '&amp;',
    ';',
    '"',
    "'",
    '=',
    ' ',
    '\n',
    '\t',
    '\r',
    '\r\n',
    '-',
    '--',
    '-->',
    '<!--',
    ']]>',
    '\u00a0',
  ],
  ...[
    '\u0085',
    '\u0001',
    '\ufffe',
    '\ud800',
    '\u{1f600}',
    '\ufeff',
    'x',
    ':',
    'a:',
    'xmlns',
    'xmlns=""',
    " xmlns:a='urn:a'",
  ],
  ...[
    ' xmlns:xml="urn:x"',
    ' xml:lang="en"',
    ' a="1"',
    ' a="1" a="2"',
    '<a/>',
    '<a>',
    '</a>',
    '</domain>',
    '<a:b/>',
    '<?x?>',
  ],
  ...['<![CDATA[x]]>', '<!DOCTYPE a>', '<?xml version="1.0"?>', "<?xml version='1.1'?>", ' xmlns:p=" urn:p"', '.', '1'],
];

plain('the result is that of the strict parser, or there is none', () => {
  const documents = [
    ...goodSamples().map(({ text }) => text),
    ...casesOf('valid').map((valid) => valid.text()),
    EXAMPLE,
  ];
  const random = randomNumbers(1);
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T;
  let parsed = 0;
  for (let count = 0; count < 4_000; count++) {
    const document = count < documents.length ? (documents[count] as string) : pick(documents);
    let text = document;
    for (let changes = count < documents.length ? 0 : 1 + random(3); changes > 0; changes--) {
      const at = random(text.length);
      text = text.slice(0, at) + (random(4) === 0 ? '' : pick(PARTS)) + text.slice(at + random(3));
    }
    const found = parsePlain(text);
    if (found === undefined) continue;
    parsed++;
    assert.equal(partsOf(found.root), partsOf(parseStrictly(text).root), text);
  }
  assert.ok(parsed > 500, `${parsed} plain documents`);
});

plain('so it is for random texts of markup', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS)), (parts) => {
      const text = `<a b="c">${parts.join('')}</a>`;
      const found = parsePlain(text);
      if (found !== undefined) assert.equal(partsOf(found.root), partsOf(parseStrictly(text).root), text);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

plain('samples and other usual documents are plain', () => {
  const others = goodSamples().filter(({ text }) => parsePlain(text) === undefined);
  assert.equal(
    others.map(({ file }) => file),
    [],
  );
  assert.ok(parsePlain(EXAMPLE.replace('&#9;', '')));
});

function partsOf(element: XmlElement): unknown {
  const { tagName, localName, namespaceURI, attributes, start, openEnd, closeStart, end, content, parent } = element;
  return {
    ...{ tagName, localName, namespaceURI, attributes, start, openEnd, closeStart, end },
    parent: parent?.start,
    content: content.map((part) => (typeof part === 'string' ? part : partsOf(part))),
  };
}

plain.run();
