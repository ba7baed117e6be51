import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { printable } from '../../../src/lib/printable.js';
import { textWidth } from '../../../src/lib/text-width.js';
import { codeFrame } from '../../../src/lint/formats/code-frame.js';

const excerpts = suite('code frame');

/** The line and its marks as shown on a terminal. */
function shown(line: string, what: string): string[] {
  const start = line.indexOf(what);
  const { shown, space, marks } = codeFrame(line, start, start + what.length);
  return [shown, ' '.repeat(space) + '^'.repeat(marks)];
}

excerpts('the range is marked', () => {
  assert.equal(shown("<a b='c'/>", 'c'), ["<a b='c'/>", '      ^']);
  assert.equal(shown("<a b='cde'/>", 'cde'), ["<a b='cde'/>", '      ^^^']);
});

excerpts('an empty range is one mark, also after the end of the line', () => {
  assert.equal(codeFrame('<a>', 0, 0), { shown: '<a>', space: 0, marks: 1 });
  assert.equal(codeFrame('<a>', 3, 3), { shown: '<a>', space: 3, marks: 1 });
});

excerpts('a tab is shown as four spaces, so that the marks do not depend on tab stops', () => {
  assert.equal(shown("\t<a\tb='c'/>", 'c'), ["    <a    b='c'/>", '             ^']);
});

excerpts('wide and zero-width characters are counted in columns', () => {
  assert.equal(shown('客人 x', 'x'), ['客人 x', '     ^']);
  assert.equal(shown('🎮x', 'x'), ['🎮x', '  ^']);
  assert.equal(shown('e\u0301x', 'x'), ['e\u0301x', ' ^']);
  assert.equal(shown('größer x', 'x'), ['größer x', '       ^']);
  assert.equal(shown('<客人>', '客人'), ['<客人>', ' ^^^^']);
  for (const emoji of ['👨‍👩‍👧', '🇩🇪', '👍🏽', '1\ufe0f\u20e3', '☺\ufe0f'])
    assert.equal(shown(`<${emoji}>x`, 'x'), [`<${emoji}>x`, '    ^'], emoji);
  assert.equal(shown('हिन्दी x', 'x'), ['हिन्दी x', `${' '.repeat(textWidth('हिन्दी '))}^`]);
});

excerpts('control characters are shown as one replacement character', () => {
  assert.equal(shown('\u001b[31m\u202ex', 'x'), ['\ufffd[31m\ufffdx', '      ^']);
});

excerpts('a line that is too long loses its indentation first', () => {
  const tag = `<address ${'x'.repeat(55)} y='1'/>`;
  assert.equal(shown(' '.repeat(20) + tag, '1'), [tag, `${' '.repeat(tag.indexOf('1'))}^`]);
});

excerpts('a line that is still too long is cut around the range, with … at the cuts', () => {
  const line = `  <a>${'x'.repeat(100)}BAD${'y'.repeat(100)}</a>`;
  assert.equal(shown(line, 'BAD'), [`…${'x'.repeat(30)}BAD${'y'.repeat(43)}…`, `${' '.repeat(31)}^^^`]);
  assert.equal(shown(line, '<a>')[0], `<a>${'x'.repeat(73)}…`);
});

excerpts('the frame is at most 78 columns wide, and always contains the start of the range', () => {
  const line = `\t<客人 ${"a='客' ".repeat(500)}>`;
  for (let start = 0; start < line.length; start += 7) {
    const { shown, space, marks } = codeFrame(line, start, start + 5);
    const cells = [...shown].reduce((sum, character) => sum + (/[客人]/.test(character) ? 2 : 1), 0);
    assert.ok(cells <= 78, `${start}: ${cells} cells`);
    assert.ok(space < 78 && marks >= 1 && space + marks <= 79, `${start}: ${space} + ${marks}`);
  }
});

excerpts('on a narrow terminal the frame fits, from 20 columns on', () => {
  const line = `\t<客人 ${"a='客👨‍👩‍👧' ".repeat(100)}>`;
  for (let columns = 0; columns <= 90; columns++) {
    for (let start = 0; start < line.length; start += 97) {
      const { shown, space, marks } = codeFrame(line, start, start + 3, columns);
      const width = Math.max(18, Math.min(78, columns - 2));
      assert.ok(textWidth(shown) <= width, `${columns}: ${shown}`);
      assert.ok(space < width && space + marks <= width + 1, `${columns}: ${space} + ${marks}`);
    }
  }
});

excerpts('of a line of megabytes only the part around the range is processed', () => {
  const line = `${'x'.repeat(5_000_000)}BAD${'y'.repeat(5_000_000)}`;
  assert.is(shown(line, 'BAD')[0], `…${'x'.repeat(30)}BAD${'y'.repeat(43)}…`);
});

excerpts('printable keeps text and replaces control characters', () => {
  assert.is(printable('a\tb'), 'a\ufffdb');
  assert.is(printable('größer 客人 🎮 e\u0301'), 'größer 客人 🎮 e\u0301');
  assert.is(printable('\u0000\u0007\u001b\u007f\u009b\n\r\u2028\u202e\u2066'), '\ufffd'.repeat(10));
  assert.is(printable('\ud800'), '\ufffd');
});

excerpts.run();
