import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LineIndex, type Position } from '../../src/xml/line-index.js';

const position = suite('LineIndex');

const table: [name: string, text: string, offset: number, place: Position][] = [
  ['the first character', 'a', 0, { line: 1, column: 1 }],
  ['an empty text', '', 0, { line: 1, column: 1 }],
  ['after LF', 'a\nb', 2, { line: 2, column: 1 }],
  ['at LF', 'a\nb', 1, { line: 1, column: 2 }],
  ['after CRLF', 'a\r\nbc', 4, { line: 2, column: 2 }],
  ['between CR and LF', 'a\r\nb', 2, { line: 1, column: 3 }],
  ['after CR', 'a\rb', 2, { line: 2, column: 1 }],
  ['after LF CR', 'a\n\rb', 3, { line: 3, column: 1 }],
  ['after the last line break', 'a\n', 2, { line: 2, column: 1 }],
  ['the BOM', '\ufeffab', 0, { line: 1, column: 1 }],
  ['after the BOM', '\ufeffab', 1, { line: 1, column: 1 }],
  ['a line after the BOM', '\ufeffa\nb', 3, { line: 2, column: 1 }],
  ['after a surrogate pair', '\u{1F600}a', 2, { line: 1, column: 3 }],
  ['a Unicode line separator is not a line end', 'a\u2028b', 2, { line: 1, column: 3 }],
];
for (const [name, text, offset, place] of table) {
  position(name, () => assert.equal(new LineIndex(text).at(offset), place));
}

position('equal to counting, at every offset of any text', () => {
  const text = fc.array(fc.constantFrom('a', 'ü', '\n', '\r', '\r\n', '\u{1F600}'), { maxLength: 30 });
  fc.assert(
    fc.property(text, fc.boolean(), (parts, bom) => {
      const whole = (bom ? '\ufeff' : '') + parts.join('');
      const lines = new LineIndex(whole);
      for (let offset = bom ? 1 : 0; offset <= whole.length; offset++) {
        assert.equal(lines.at(offset), counted(whole, offset), JSON.stringify([whole, offset]));
      }
    }),
    { numRuns: 1000 },
  );
});

position('the text of a line does not include its end or the BOM', () => {
  const lines = new LineIndex('\ufeffone\r\ntwo\n\nfour\rfive');
  assert.equal(
    [1, 2, 3, 4, 5, 6, 0].map((line) => lines.line(line)),
    ['one', 'two', '', 'four', 'five', '', ''],
  );
  assert.equal(
    [1, 2, 3, 5, 6].map((line) => lines.offsetOfLine(line)),
    [1, 6, 10, 16, 20],
  );
});

position('inserted parts are not shown and count no columns', () => {
  const text = '<!-- a -->[<x\n b="1"/>]<!-- b -->\n';
  const lines = new LineIndex(text, [
    { start: 10, end: 11 },
    { start: text.indexOf(']'), end: text.indexOf(']') + 1 },
  ]);
  const shown = text.replace(/[[\]]/g, '');
  const whole = new LineIndex(shown);
  assert.equal(
    [1, 2, 3].map((line) => lines.line(line)),
    [1, 2, 3].map((line) => whole.line(line)),
  );
  for (const part of ['<!-- a', '<x', 'b=', '/>', '<!-- b']) {
    assert.equal(lines.at(text.indexOf(part)), whole.at(shown.indexOf(part)), part);
    assert.ok(lines.isShown(text.indexOf(part)), part);
  }
  assert.not(lines.isShown(10));
  assert.equal([lines.isWhole, whole.isWhole], [false, true]);
});

position.run();

/** Counts from the start, character by character. */
function counted(text: string, offset: number): Position {
  let [line, column] = [1, 1];
  for (let i = text.startsWith('\ufeff') ? 1 : 0; i < offset; i++) {
    const ends = text[i] === '\n' || (text[i] === '\r' && text[i + 1] !== '\n');
    if (ends) [line, column] = [line + 1, 1];
    else column++;
  }
  return { line, column };
}
