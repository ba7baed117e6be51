import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseXml } from '../../src/xml/parse.js';
import { Query } from '../../src/xml/query.js';

const test = suite('positions of the results of an XPath');
const ask = (expression: string) => new Query(expression, new Map());
const TEXTS = ask('//text()');
const COMMENTS = ask('//comment()');
const ATTRIBUTES = ask('//@*');

const PIECES = [
  'a',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '&amp;',
  '&#32;',
  '&#x41;',
  '<!-- c -->',
  '<!---->',
  '<![CDATA[ ]]>',
].concat(['<![CDATA[]]>', '<![CDATA[x<&]]>', '<?p d?>', '<b/>', '<b x="1" y=\'>\'>t</b>', '😀', '\u2028', '\ufeff']);
const documents = fc.array(fc.constantFrom(...PIECES), { maxLength: 10 }).map((parts) => `<d>${parts.join('')}</d>`);

test('every position is in the document, not empty, and refers to the selected text', () => {
  fc.assert(
    fc.property(documents, (text) => {
      const document = parseXml(text);
      const sources = (query: Query) => query.select(document).map(({ start, end }) => text.slice(start, end));
      for (const source of sources(TEXTS)) assert.is(source, source.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
      assert.equal(sources(COMMENTS), text.match(/<!--.*?-->/g) ?? []);
      assert.equal(sources(ATTRIBUTES), text.match(/x="1"|y='>'/g) ?? []);
      assert.is(document.dom.documentElement?.textContent, document.root.textContent);
    }),
    { numRuns: 1000 },
  );
});

test('document order does not need quadratic time', () => {
  const document = parseXml(`<d>${'<b x="1"/>'.repeat(20_000)}</d>`);
  assert.is(ask('(//b[@x])[last()]').select(document)[0]?.start, 3 + 19_999 * 10);
});

test.run();
