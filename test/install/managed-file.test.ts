import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownershipOf, withHeader } from '../../src/install/managed-file.js';

const test = suite('header of a managed file');

for (const text of ['#!/bin/sh\necho\n', '[Unit]\n', '# a comment\n', '', 'no line end']) {
  test(`${JSON.stringify(text)} is recognized, and so is a modification`, () => {
    const ours = withHeader(text);
    assert.is(ownershipOf(ours), 'ours');
    assert.is(ownershipOf(`${ours}x`), 'modified');
    assert.is(ownershipOf(text), 'foreign');
    assert.is(ours.startsWith('#!'), text.startsWith('#!'), 'the interpreter stays first');
  });
}

test('a header further down and a truncated one do not count', () => {
  const ours = withHeader('[Unit]\n');
  assert.is(ownershipOf(`\n\n${ours}`), 'foreign');
  assert.is(ownershipOf(ours.replace(/[0-9a-f]\n/, '\n')), 'foreign');
});

test.run();
