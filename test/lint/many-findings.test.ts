import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lintDocument } from '../../src/lint/lint-document.js';

const test = suite('a document with thousands of findings');

test('of each rule and severity a thousand are kept, and how many more there are', () => {
  const warnings = "<hostdev type='usb' cpuset='native'/>".repeat(1500);
  const errors = "<hostdev type='usb' cpuset='auto'/>".repeat(1001);
  const { findings } = lintDocument({ text: `<domain><devices>${warnings}${errors}</devices></domain>` });
  const count = (wanted: string) => findings.filter(({ severity }) => severity === wanted).length;
  assert.equal([count('warning'), count('error'), count('note')], [1000, 1000, 1]);
  const note = findings.find(({ severity }) => severity === 'note');
  assert.is(note?.message, '501 more of this rule are not shown');
});

test.run();
