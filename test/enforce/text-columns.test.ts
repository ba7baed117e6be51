import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clip, elide, shrink, wrap } from '../../src/report/text-columns.js';

const columns = suite('columns of text');

columns('a list that is too long loses its middle, between its items', () => {
  assert.is(elide('0-1,4-5,8-9,12-13', 17), '0-1,4-5,8-9,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 15), '0-1,4-5,…,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 14), '0-1,…,12-13');
  assert.is(elide('0-1,4-5,8-9,12-13', 6), '0-1,4…');
  assert.is(elide('', 5), '');
});

columns('no character is halved', () => {
  assert.is(clip('🎮🎮🎮', 3), '🎮🎮🎮');
  assert.is(clip('🎮🎮🎮', 2), '🎮…');
});

columns('lines are broken at spaces', () => {
  assert.equal(wrap('one two three', 7), ['one two', 'three']);
  assert.equal(wrap('unbreakable x', 6), ['unbre…', 'x']);
});

columns('the widest column gives first', () => {
  assert.equal(shrink([5, 9, 20], 40), [5, 9, 20]);
  assert.equal(shrink([5, 9, 20], 24), [5, 9, 10]);
  assert.equal(shrink([5, 20, 20], 15), [5, 5, 5]);
});

columns('nothing is wider than it may be', () => {
  const list = fc.array(fc.nat(16383), { minLength: 1 }).map((cpus) => cpus.join(','));
  fc.assert(fc.property(list, fc.integer({ min: 1, max: 90 }), (text, width) => elide(text, width).length <= width));
  fc.assert(
    fc.property(fc.lorem({ maxCount: 30 }), fc.integer({ min: 1, max: 90 }), (text, width) =>
      wrap(text, width).every((line) => line.length <= width),
    ),
  );
});

columns.run();
