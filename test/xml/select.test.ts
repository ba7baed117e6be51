import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { XmlElement } from '../../src/xml/element.js';
import { parseXml } from '../../src/xml/parse.js';
import { byXpath, firstBelow, select } from '../../src/xml/select.js';
import { projectRoot } from '../support/cli.js';

const test = suite('xml/select');

const NAMES = ['domain', 'devices', 'hostdev', 'x:hostdev', 'alias'];
/**
 * Documents with few distinct names, so that paths find elements: each name without a namespace, in a default one, and
 * with a prefix.
 */
const tree = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(...NAMES),
      fc.constantFrom('', ' xmlns=""', ' xmlns="urn:y"', " cpuset='1'"),
      fc.array(fc.oneof({ maxDepth: 4 }, fc.constantFrom('text', '<!-- c -->', '<![CDATA[x]]>'), tie('element')), {
        maxLength: 4,
      }),
    )
    .map(([name, attribute, children]) => `<${name}${attribute}>${children.join('')}</${name}>`),
})).element;
const path = fc
  .tuple(
    fc.constantFrom('', '/domain/', '/'),
    fc.array(
      fc
        .tuple(
          fc.constantFrom('*', 'domain', 'devices', 'hostdev', 'alias'),
          fc.constantFrom('', '', '[@cpuset]', '[1]'),
        )
        .map((step) => step.join('')),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([start, steps]) => start + steps.join('/'));

test('simple paths select the same elements as xpath', () => {
  let found = 0;
  const property = fc.property(fc.array(tree, { maxLength: 4 }), path, (elements, expression) => {
    const document = parseXml(`<domain xmlns:x="urn:x">${elements.join('')}</domain>`);
    const expected = byXpath(expression)(document);
    found += expected.length;
    assert.ok(same(select(expression, document), expected), expression);
    const steps = expression.split('/').slice(2);
    const [first = '', second, ...further] = steps;
    const isPlain = expression.startsWith('/domain/') && steps.every((step) => /^\w+$/.test(step));
    if (isPlain && further.length === 0) assert.is(firstBelow(document.root, first, second), expected[0], expression);
  });
  fc.assert(property, { numRuns: 1000 });
  assert.ok(found > 100, `only ${found} elements were found`);
});

test('other expressions are evaluated by xpath', () => {
  const document = parseXml(readFileSync(`${projectRoot}samples/sriov-two-nodes.xml`, 'utf8'));
  const names = (expression: string) => select(expression, document).map(({ tagName }) => tagName);
  assert.equal(names("/domain/devices/interface[vlan/tag/@id='102']/mac"), ['mac']);
  assert.equal(names('/domain/name | /domain/devices/memballoon'), ['name', 'memballoon']);
  assert.equal(names('//emulatorpin'), ['emulatorpin']);
  assert.equal(names('/domain/no-such[1]/child'), []);
});

const same = (a: readonly XmlElement[], b: readonly XmlElement[]) =>
  a.length === b.length && a.every((element, index) => element === b[index]);

test.run();
