import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldLines, prefixedLines } from '../../src/lib/journald.js';
import { printable, printableJson, printableLines, printableStart } from '../../src/lib/printable.js';
import { CONTROL, CONTROLS, terminalText } from '../support/terminal-text.js';

const test = suite('printable text');

test('control characters are replaced, other text is unchanged', () => {
  for (const control of CONTROLS)
    assert.is(printable(`a${control}b`), 'a\ufffdb', control.codePointAt(0)?.toString(16));
  for (const text of ['größer 客人 e\u0301', '👨‍👩‍👧🇩🇪', 'العربية', '\u00a0\u200b']) assert.is(printable(text), text);
  assert.is(printableLines('a\nb\u001b\r\n'), 'a\nb\ufffd\ufffd\n');
});

test('a cut ends with an ellipsis and splits no character', () => {
  assert.is(printableStart('abcd', 4), 'abcd');
  assert.is(printableStart('abcde', 4), 'abc…');
  assert.is(printableStart('ab🎮x', 5), 'ab🎮x');
  assert.is(printableStart('ab🎮xy', 5), 'ab🎮…');
  assert.is(printableStart('ab🎮xy', 4), 'ab…');
  assert.is(printableStart('ab🎮', 3), 'ab…');
});

test('JSON keeps every character and contains no control character', () => {
  fc.assert(
    fc.property(terminalText(), (text) => {
      const json = printableJson({ text, [text]: [text] });
      assert.equal(JSON.parse(json), { text, [text]: [text] });
      assert.not.match(json.replaceAll('\n', ''), CONTROL);
    }),
  );
});

test('a journal line has no line break or control character', () => {
  fc.assert(
    fc.property(terminalText(), (text) => {
      const [line, ...rest] = prefixedLines([{ priority: 'info', text }]).split('\n');
      assert.equal(rest, ['']);
      assert.not.match(line as string, CONTROL);
      for (const field of fieldLines([['HOSTDEV_CPUSET_DOMAIN', text]])) assert.not.match(field, CONTROL);
    }),
  );
});

test.run();
