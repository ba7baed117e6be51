import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { elide, shrink } from '../../src/report/text-columns.js';

const columns = suite('columns of the text report');

columns('a list that is too long loses items in the middle', () => {
  assert.is(elide('0-1,4-5,8-9,12-13', 17), '0-1,4-5,8-9,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 15), '0-1,4-5,…,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 14), '0-1,…,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 6), '0-1,4…');
  assert.is(elide('', 5), '');
});

columns('the widest column becomes narrower first, and no width is negative', () => {
  assert.equal(shrink([5, 9, 20], 40), [5, 9, 20]);
  assert.equal(shrink([5, 9, 20], 24), [5, 9, 10]);
  assert.equal(shrink([5, 20, 20], 15), [5, 5, 5]);
  for (const room of [0, -1, -40]) assert.equal(shrink([5, 20, 20], room), [0, 0, 0]);
});

columns('no list is wider than its limit', () => {
  const list = fc.array(fc.nat(16383), { minLength: 1 }).map((cpus) => cpus.join(','));
  const width = fc.integer({ min: -5, max: 200 });
  fc.assert(fc.property(list, width, (text, columns) => elide(text, columns).length <= Math.max(0, columns)));
});

columns.run();
