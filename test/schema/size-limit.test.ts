import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countSiblingPairs, oversizedElement } from '../../src/schema/size-limit.js';
import { parseXml } from '../../src/xml/parse.js';

const test = suite('crowds of siblings');
const crowd = (name: string, children: number) => `<${name}>${'<x/>'.repeat(children)}</${name}>`;

test('pairs are counted in each element', () => {
  const { pairs, largest } = countSiblingPairs(parseXml(`<r>text<a/>${crowd('b', 4)}${crowd('c', 3)}</r>`).root);
  assert.is(pairs, 3 + 6 + 3);
  assert.is(largest.tagName, 'b');
});

test('one element may have 31,000, several fewer', () => {
  const crowded = (text: string) => oversizedElement(parseXml(text).root)?.tagName;
  assert.is(crowded(crowd('a', 31_000)), undefined);
  assert.is(crowded(crowd('a', 32_000)), 'a');
  assert.is(crowded(`<r>${crowd('a', 22_000)}${crowd('b', 22_000)}</r>`), undefined);
  assert.is(crowded(`<r>${crowd('a', 22_000)}${crowd('b', 23_000)}</r>`), 'b');
});

test.run();
