import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { printable } from '../../src/lib/printable.js';
import { padEnd, textWidth, truncate, truncateName } from '../../src/lib/text-width.js';
import { wrap } from '../../src/lib/text-wrap.js';
import { terminalText } from '../support/terminal-text.js';

const test = suite('text width');
const FAMILY = '👨‍👩‍👧';
const KEYCAP = '1\ufe0f\u20e3';

test('width is counted in terminal columns, not code units', () => {
  for (const [text, width] of [
    ['', 0],
    ['guest', 5],
    ['größer', 6],
    ['客人', 4],
    ['ｱｲｳ', 3],
    ['ＡＢ', 4],
    ['e\u0301', 1],
    ['🎮', 2],
    [FAMILY, 2],
    ['🇩🇪', 2],
    [KEYCAP, 2],
    ['👍🏽', 2],
    ['\u001b[31mred\u001b[0m', 3],
    ['\ufffd', 1],
  ] as const)
    assert.is(textWidth(text), width, JSON.stringify(text));
});

test('a cut is shown as …, and no character is split', () => {
  assert.is(truncate('guest', 5), 'guest');
  assert.is(truncate('guest', 4), 'gue…');
  assert.is(truncate('客人客', 5), '客人…');
  assert.is(truncate('客人客', 4), '客…');
  assert.is(truncate(FAMILY + FAMILY, 3), `${FAMILY}…`);
  assert.is(truncate(FAMILY + FAMILY, 2), '…');
  assert.is(truncate('🇩🇪🇫🇷', 3), '🇩🇪…');
  assert.is(truncate('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  assert.is(truncate('guest', 0), '');
});

test('names are cut in the middle, as many differ only at the end', () => {
  assert.is(truncateName('vnf-gateway-1', 13), 'vnf-gateway-1');
  assert.is(truncateName('vnf-gateway-12', 9), 'vnf-…y-12');
  assert.is(truncateName('客人客人客', 6), '客…客');
  assert.is(truncateName(`${FAMILY}ab${FAMILY}`, 5), `${FAMILY}…${FAMILY}`);
  assert.is(truncateName('guest', 2), 'g…');
  assert.is(truncateName('guest', 0), '');
});

test('padding counts columns', () => {
  assert.is(padEnd('客', 4), '客  ');
  assert.is(padEnd('客人', 3), '客人');
});

test('lines are broken at spaces, and within words that are longer than a line', () => {
  assert.equal(wrap('one two three', 7), ['one two', 'three']);
  assert.equal(wrap('unbreakable x', 6), ['unbrea', 'kable', 'x']);
  assert.equal(wrap('客人客人', 5), ['客人', '客人']);
  assert.equal(wrap(FAMILY + FAMILY, 2), [FAMILY, FAMILY]);
});

test('the lines after the first have their own indentation', () => {
  assert.equal(wrap('one two three', 9, 1, 3), [' one', '   two', '   three']);
  assert.equal(wrap('one two', 9, 1, 3), [' one two']);
});

test('a style continues on the next line', () => {
  const lines = wrap('\u001b[1mone two\u001b[22m three', 5);
  assert.equal(lines.map(stripVTControlCharacters), ['one', 'two', 'three']);
  assert.ok(
    lines.every((line) => line.split('\u001b').length % 2 === 1),
    JSON.stringify(lines),
  );
});

test('no line is wider than the limit, and no text is lost', () => {
  fc.assert(
    fc.property(terminalText(), fc.integer({ min: 0, max: 200 }), (raw, width) => {
      const text = printable(raw);
      const cut = truncate(text, width);
      assert.ok(textWidth(cut) <= width);
      assert.ok(textWidth(truncateName(text, width)) <= width);
      assert.ok(cut === text || width === 0 || (cut.endsWith('…') && text.startsWith(cut.slice(0, -1))));
      if (width < 2) return;
      const lines = wrap(text, width);
      for (const line of lines) assert.ok(textWidth(line) <= width, JSON.stringify(line));
      const letters = (words: string) => words.normalize().replace(/ /g, '');
      assert.is(letters(lines.join('')), letters(text));
    }),
    { numRuns: 1000 },
  );
});

test.run();
