import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseXml } from '../../src/xml/parse.js';
import { select } from '../../src/xml/select.js';

const selecting = suite('select');

const { dom } = parseXml(
  `<r xmlns:p='urn:p'><b n='1'/><a n='2'><b n='3'/></a><p:b n='4'/><b xmlns='urn:p' n='5'/><a n='6'/></r>`,
);
const numbers = (expression: string) => select(expression, dom).map((element) => element.getAttribute('n'));

selecting('in document order, unions too', () => {
  assert.equal(numbers('/r/a | //b | /r/b'), ['1', '2', '3', '6']);
});

selecting('a name without prefix is of no namespace', () => {
  assert.equal(numbers('/r/b'), ['1']);
  assert.equal(numbers("/r/*[namespace-uri()='urn:p']"), ['4', '5']);
});

selecting('relative to a node, as often as asked', () => {
  const [a] = select('/r/a', dom);
  assert.ok(a);
  for (let i = 0; i < 2; i++)
    assert.equal(
      select('b', a).map((b) => b.getAttribute('n')),
      ['3'],
    );
});

selecting('nothing is an empty list', () => assert.equal(select('/r/c', dom), []));

selecting.run();
