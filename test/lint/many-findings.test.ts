import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../../src/lint/lint.js';
import { lintDocument } from '../../src/lint/lint-document.js';

const test = suite('documents with thousands of findings');

test('each rule reports a thousand findings, and the number of further ones', () => {
  const pins = Array.from({ length: 1500 }, (_, index) => `<vcpupin vcpu='${index + 1}' cpuset='0'/>`).join('');
  const devices = "<hostdev type='usb' cpuset='0'/>".repeat(1001);
  const text = `<domain><vcpu>1</vcpu><cputune>${pins}</cputune><devices>${devices}</devices></domain>`;
  const { findings } = lintDocument({ text });
  const count = (wanted: string) => findings.filter(({ severity }) => severity === wanted).length;
  assert.equal([count('warning'), count('error')], [1000, 1000]);
  const notes = findings.filter(({ severity }) => severity === 'note').map(({ message }) => message);
  assert.equal(notes.sort(), ['1 more finding of this rule not shown', '500 more findings of this rule not shown']);
});

test('ten thousand comments with a hundred rules each are read, and the first ignored one is reported', () => {
  const comment = (names: string) => `<!-- lint-domain-disable-next-line ${names} -->`;
  const messagesOf = (text: string) =>
    lint(`<domain>\n${text}</domain>`)
      .filter(({ message }) => message.startsWith('more than'))
      .map(({ line, message }) => [line, message]);
  assert.equal(messagesOf(`${comment('schema')}\n`.repeat(10_000)), []);
  assert.equal(messagesOf(`${comment('schema')}\n`.repeat(10_002)), [
    [10_002, 'more than 10000 lint-domain comments: this one and the later ones are ignored'],
  ]);
  assert.equal(messagesOf(comment('schema, '.repeat(101))), [
    [2, 'more than 100 rules: this one and the later ones are ignored'],
  ]);
});

test.run();
