import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { marked, ownershipOf } from '../../src/install/marked-file.js';

const test = suite('mark of a file of ours');

for (const text of ['#!/bin/sh\necho\n', '[Unit]\n', '# a comment\n', '', 'no line end']) {
  test(`${JSON.stringify(text)} is known again, and so is a change`, () => {
    const ours = marked(text);
    assert.is(ownershipOf(ours), 'ours');
    assert.is(ownershipOf(`${ours}x`), 'changed');
    assert.is(ownershipOf(text), 'foreign');
    assert.is(ours.startsWith('#!'), text.startsWith('#!'), 'the interpreter stays first');
  });
}

test('a mark further down, and one that is cut, make no file ours', () => {
  const ours = marked('[Unit]\n');
  assert.is(ownershipOf(`\n\n${ours}`), 'foreign');
  assert.is(ownershipOf(ours.replace(/[0-9a-f]\n/, '\n')), 'foreign');
});

test.run();
