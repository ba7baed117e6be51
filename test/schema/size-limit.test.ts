import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countSiblingPairs, oversizedElement } from '../../src/schema/size-limit.js';
import { parseXml } from '../../src/xml/parse.js';

const test = suite('limit of sibling elements');
const elementWith = (name: string, children: number) => `<${name}>${'<x/>'.repeat(children)}</${name}>`;

test('pairs of siblings are counted in each element', () => {
  const { pairs, largest } = countSiblingPairs(
    parseXml(`<r>text<a/>${elementWith('b', 4)}${elementWith('c', 3)}</r>`).root,
  );
  assert.is(pairs, 3 + 6 + 3);
  assert.is(largest.tagName, 'b');
});

test('one element may have 31,000 children, several fewer', () => {
  const oversizedIn = (text: string) => oversizedElement(parseXml(text).root)?.tagName;
  assert.is(oversizedIn(elementWith('a', 31_000)), undefined);
  assert.is(oversizedIn(elementWith('a', 32_000)), 'a');
  assert.is(oversizedIn(`<r>${elementWith('a', 22_000)}${elementWith('b', 22_000)}</r>`), undefined);
  assert.is(oversizedIn(`<r>${elementWith('a', 22_000)}${elementWith('b', 23_000)}</r>`), 'b');
});

test.run();
