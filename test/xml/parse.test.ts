import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/lib/input-error.js';
import { attributesOf } from '../../src/xml/attributes.js';
import type { XmlDocument } from '../../src/xml/document.js';
import type { XmlElement } from '../../src/xml/element.js';
import { MAX_ALL_ATTRIBUTES, MAX_ATTRIBUTES, MAX_COMMENTS, MAX_DEPTH, MAX_ELEMENTS } from '../../src/xml/limits.js';
import { mayUseNamespaces } from '../../src/xml/namespaces.js';
import { parseXml } from '../../src/xml/parse.js';
import { parseStrictly } from '../../src/xml/parse-strictly.js';
import { goodSamples } from '../support/samples.js';
import { scanElements } from '../support/xml-scan.js';
import { xmlText } from '../support/xml-texts.js';

const parse = suite('parseXml');

/** Pieces of markup in any order. */
const piece = fc.constantFrom(
  '<a>',
  '</a>',
  '<',
  '>',
  '&',
  ';',
  'a',
  '=',
  '"',
  "'",
  '/',
  '!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '?>',
  ' ',
  '\n',
  '\r',
  '\ufeff',
  ':',
  'b:c',
  'xmlns',
  '<!DOCTYPE',
  '\u{1F600}',
);
const anyText = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));

parse('elements and attributes of the samples have the positions that a scan finds', () => {
  for (const { text } of goodSamples()) {
    for (const variant of [text, `\ufeff${text}`, text.replace(/\n/g, '\r\n')]) agreesWithScan(variant);
  }
});

parse('elements and attributes of generated documents have the positions that a scan finds', () => {
  fc.assert(fc.property(xmlText, agreesWithScan), { numRuns: 1500 });
});

parse('elements and the DOM have the content of the text', () => {
  const text = `<a x='1 > 0' y="it's">one<!-- <b/> --><b/>&lt;<![CDATA[<b/>]]>\n <p:c xmlns:p="urn:p" p:z="&#65;"/>\n</a>`;
  const { root, nodes } = parseXml(text);
  const [b, c] = elementsOf(root).slice(1) as [XmlElement, XmlElement];
  for (const element of [root, nodes.nodeOf(root)]) {
    assert.is(element.textContent, 'one<<b/>');
    assert.is(element.getAttribute('x'), '1 > 0');
    assert.is(element.getAttribute('y'), "it's");
  }
  for (const element of [b, nodes.nodeOf(b)]) assert.is(element.namespaceURI, null);
  for (const element of [c, nodes.nodeOf(c)]) {
    assert.is(element.namespaceURI, 'urn:p');
    assert.is(element.localName, 'c');
    assert.is(element.getAttribute('p:z'), 'A');
  }
  assert.is(nodes.nodeOf(c).getAttributeNS('urn:p', 'z'), 'A');
  assert.is(nodes.elementOf(nodes.nodeOf(c)), c);
});

parse('names with a meaning in JavaScript are ordinary names', () => {
  const { root } = parseXml('<constructor __proto__="1" toString="2"><__proto__ hasOwnProperty="3"/></constructor>');
  assert.is(root.getAttribute('__proto__'), '1');
  assert.is(root.getAttribute('toString'), '2');
  assert.is(elementsOf(root)[1]?.getAttribute('hasOwnProperty'), '3');
});

parse('an attribute name may end in a character that JavaScript counts as white space', () => {
  const document = parseXml('<a x\ufeffcpuset="1" y = "2"/>');
  assert.equal(
    attributesOf(document, document.root).map(({ name }) => name),
    ['x\ufeffcpuset', 'y'],
  );
});

parse('UTF-8 may be declared, in any case', () => {
  for (const encoding of ['UTF-8', 'utf-8', 'utf8', 'US-ASCII']) {
    assert.is(parseXml(`<?xml version="1.0" encoding="${encoding}"?><a/>`).root.tagName, 'a');
  }
});

parse('elements may be nested up to the limit', () => {
  const nested = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`;
  assert.is(elementsOf(parseXml(nested(MAX_DEPTH)).root).length, 256);
  const offset = MAX_DEPTH * 3;
  assert.throws(() => parseXml(nested(MAX_DEPTH + 1)), isErrorAt(/nested deeper than 256/, offset));
  assert.throws(() => parseXml('<a>'.repeat(100_000)), isErrorAt(/nested deeper than 256/, offset));
});

parse('a tag may have attributes up to the limit', () => {
  const wide = (count: number) => `<r>\n<a${Array.from({ length: count }, (_, i) => ` a${i}="${i}"`).join('')}/></r>`;
  const document = parseXml(wide(MAX_ATTRIBUTES));
  assert.is(attributesOf(document, elementsOf(document.root)[1] as XmlElement).length, 1000);
  assert.throws(() => parseXml(wide(MAX_ATTRIBUTES + 1)), isErrorAt(/more than 1000 attributes/, 4));
  const many = `<a x="1"/>`.repeat(MAX_ATTRIBUTES + 1);
  assert.is(elementsOf(parseXml(`<r>${many}</r>`).root).length, MAX_ATTRIBUTES + 2, 'the limit applies to one tag');
});

parse('a document may have elements up to the limit', () => {
  const many = (count: number) => `<r>${'<a/>'.repeat(count - 1)}</r>`;
  assert.is(parseXml(many(MAX_ELEMENTS)).root.children.length, 179_999);
  assert.throws(() => parseXml(many(MAX_ELEMENTS + 1)), isErrorAt(/^more than 180000 elements$/, 3 + 4 * 179_999));
});

parse('a document may have attributes up to the limit', () => {
  const many = (count: number) => `<r>${'<a b="" c="" d="" e=""/>'.repeat(count / 4)}<z y=""/></r>`;
  assert.is(parseXml(many(MAX_ALL_ATTRIBUTES - 4)).root.children.length, 100_000);
  const offset = 3 + 24 * 100_000;
  assert.throws(() => parseXml(many(MAX_ALL_ATTRIBUTES)), isErrorAt(/^more than 400000 attributes$/, offset));
});

parse('a document may have comments and processing instructions up to the limit', () => {
  for (const [one, name] of [
    ['<!-- -->', 'comments'],
    ['<?abc d?>', 'processing instructions'],
  ] as const) {
    const many = (count: number) => `<r>${one.repeat(count)}</r>${' '.repeat(1_000_000)}`;
    assert.is(parseXml(many(MAX_COMMENTS)).root.children.length, 0);
    const message = new RegExp(`^more than 400000 ${name}$`);
    assert.throws(() => parseXml(many(MAX_COMMENTS + 1)), isErrorAt(message, 3 + one.length * MAX_COMMENTS));
  }
});

parse('any text is either read, or rejected at a position inside it', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      try {
        agreesWithScan(text);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        assert.ok(error.offset >= 0 && error.offset <= text.length, `${error.offset}: ${error.message}`);
        assert.ok(error.message.length > 0);
      }
    }),
    { numRuns: 5000 },
  );
});

parse("in texts without namespaces the parser's namespace option has no effect", () => {
  let without = 0;
  const outcome = (text: string, xmlns: boolean) => {
    try {
      return elementsOf(parseStrictly(text, xmlns).root).map((element) => ({
        ...element,
        parent: element.parent?.start,
        content: element.content.length,
        text: element.textContent,
      }));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { message: error.message, offset: error.offset };
    }
  };
  const property = fc.property(fc.oneof(anyText, xmlText), (text) => {
    if (mayUseNamespaces(text)) return;
    without++;
    assert.equal(outcome(text, false), outcome(text, true));
  });
  fc.assert(property, { numRuns: 5000 });
  assert.ok(without > 1000, `only ${without} texts had none`);
});

// Expected: the output of xmllint for namespace-uri().
parse('white space is part of a namespace', () => {
  const cases: [text: string, elements: (string | null)[], attributes: string[]][] = [
    ["<a xmlns=' urn:x'><b/><c xmlns='urn:x'/><d xmlns='urn:x\t'/></a>", [' urn:x', ' urn:x', 'urn:x', 'urn:x '], []],
    [
      "<a xmlns=' urn:x' b='1' xmlns:p='urn:p ' p:c='2'><p:d q:e='3' xmlns:q='\nurn:q' p:f=''/></a>",
      [' urn:x', 'urn:p '],
      ['', 'urn:p ', ' urn:q', 'urn:p '],
    ],
    [
      "<p:a xmlns:p='&#10;urn:p' p:b='1'><p:c xmlns:p='urn:p'><p:d/></p:c><p:e/></p:a>",
      ['\nurn:p', 'urn:p', 'urn:p', '\nurn:p'],
      ['\nurn:p'],
    ],
    ["<a xmlns='urn:x'><b xmlns=''/><c xmlns='\u00a0urn:x'/></a>", ['urn:x', null, '\u00a0urn:x'], []],
  ];
  for (const [text, namespaces, ofAttributes] of cases) {
    const elements = elementsOf(parseXml(text).root);
    assert.equal(
      elements.map(({ namespaceURI }) => namespaceURI),
      namespaces,
      text,
    );
    const attributes = elements.flatMap((element) => element.attributes.filter(({ name }) => !/^xmlns/.test(name)));
    assert.equal(
      attributes.map(({ uri }) => uri),
      ofAttributes,
      text,
    );
  }
});

parse("a colon in a possible name may be a namespace's, one in a value or text is not", () => {
  const names = ['<a:b/>', '<a b:c=""/>', '<a/ b:c>', '</a:b>', '<?a:b?>', '<a>&b:c;</a>', '<:a/>', '<a\ufeff:b/>'];
  for (const text of names) assert.ok(mayUseNamespaces(text), text);
  const others = [`<a b='52:54:00:12'/>`, `<a b="urn:x"/>`, '<a>a:b</a>', '<a/>'];
  for (const text of others) assert.not(mayUseNamespaces(text), text);
  assert.ok(mayUseNamespaces('<a xmlns="urn:x"/>'));
});

parse.run();

const isErrorAt = (message: RegExp, offset: number) => (error: Error) =>
  error instanceof InputError && message.test(error.message) && error.offset === offset;

function agreesWithScan(text: string): void {
  const document = parseXml(text);
  assert.is(document.dom.documentElement?.textContent, document.root.textContent);
  assert.equal(
    elementsOf(document.root).map((element) => positionsOf(document, element)),
    scanElements(text),
  );
}

function positionsOf(document: XmlDocument, element: XmlElement) {
  const attributes = attributesOf(document, element).map(({ name, start, end, valueStart, valueEnd, quote }) => {
    assert.is(document.text[valueStart - 1], quote);
    assert.is(document.text[valueEnd], quote);
    assert.is(end, valueEnd + 1);
    return { name, value: document.text.slice(valueStart, valueEnd), start, end };
  });
  const { start, openEnd, closeStart, end } = element;
  return { name: element.tagName, start, openEnd, closeStart, end, attributes };
}

/** An element and all its descendants, in document order. */
function elementsOf(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(elementsOf)];
}
