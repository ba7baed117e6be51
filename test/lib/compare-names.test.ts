import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareNames } from '../../src/lib/compare-names.js';

const test = suite('the order of names');
const collator = new Intl.Collator('en', { numeric: true });

test('is that of the collator for English', () => {
  const word = fc.array(fc.constantFrom(...'aAbBzZ_-.+0129', '10', 'vnf', '007', 'é', ' '), { maxLength: 6 });
  const name = word.map((parts) => parts.join(''));
  fc.assert(
    fc.property(name, name, (a, b) => {
      assert.is(Math.sign(compareNames(a, b)), Math.sign(collator.compare(a, b)), `${a} and ${b}`);
    }),
    { numRuns: 3000 },
  );
});

test('numbers in names count', () => {
  assert.equal(['vnf-10', 'VNF-2', 'vnf-2', 'vnf-1'].sort(compareNames), ['vnf-1', 'vnf-2', 'VNF-2', 'vnf-10']);
});

test.run();
