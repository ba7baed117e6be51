import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Cpuset,
  cpusetOf,
  cpusOf,
  EMPTY,
  equal,
  formatCpuset,
  has,
  intersect,
  isSubset,
  size,
  subtract,
  union,
} from '../../src/domain/cpuset.js';

const algebra = suite('cpuset algebra');

const cpus = fc.array(fc.oneof(fc.nat(20), fc.nat(200), fc.nat(16383)), { maxLength: 30 }).map((list) => new Set(list));

algebra('a set contains its CPUs, in any order and number', () => {
  fc.assert(
    fc.property(cpus, (a) => {
      const set = cpusetOf([...a, ...a]);
      assert.equal([...cpusOf(set)], sorted(a));
      assert.is(size(set), a.size);
      for (const cpu of [...a, 0, 7, 16383]) assert.is(has(set, cpu), a.has(cpu));
      isCanonical(set);
    }),
    { numRuns: 2000 },
  );
});

algebra('union, intersection, difference, subset and equality are those of sets', () => {
  fc.assert(
    fc.property(cpus, cpus, cpus, (a, b, c) => {
      const [x, y, z] = [cpusetOf(a), cpusetOf(b), cpusetOf(c)];
      is(union(x, y, z), [...a, ...b, ...c]);
      is(
        intersect(x, y),
        [...a].filter((cpu) => b.has(cpu)),
      );
      is(
        subtract(x, y),
        [...a].filter((cpu) => !b.has(cpu)),
      );
      assert.is(
        isSubset(x, y),
        [...a].every((cpu) => b.has(cpu)),
      );
      assert.is(equal(x, y), a.size === b.size && [...a].every((cpu) => b.has(cpu)));
    }),
    { numRuns: 3000 },
  );
});

algebra('commutative and distributive laws hold', () => {
  fc.assert(
    fc.property(cpus, cpus, cpus, (a, b, c) => {
      const [x, y, z] = [cpusetOf(a), cpusetOf(b), cpusetOf(c)];
      assert.equal(union(x, y), union(y, x));
      assert.equal(intersect(x, union(y, z)), union(intersect(x, y), intersect(x, z)));
      assert.equal(subtract(x, union(y, z)), intersect(subtract(x, y), subtract(x, z)));
      assert.equal(union(subtract(x, y), intersect(x, y)), x);
      assert.ok(isSubset(intersect(x, y), x) && isSubset(x, union(x, y)) && isSubset(EMPTY, x));
    }),
    { numRuns: 2000 },
  );
});

algebra('operations do not change their arguments', () => {
  const a = cpusetOf([0, 1, 5]);
  const b = cpusetOf([1, 2, 3]);
  const before = JSON.stringify([a, b]);
  for (const operation of [union, intersect, subtract]) operation(a, b);
  assert.is(JSON.stringify([a, b]), before);
});

algebra('the union of nothing is the empty set, whose text is empty', () => {
  assert.equal(union(), EMPTY);
  assert.is(formatCpuset(EMPTY), '');
  assert.is(formatCpuset(cpusetOf([9, 3, 2, 0, 10, 11])), '0,2-3,9-11');
});

algebra.run();

function is(set: Cpuset, expected: Iterable<number>): void {
  assert.equal([...cpusOf(set)], sorted(expected));
  isCanonical(set);
}

/** Ascending, and no two ranges touch. */
function isCanonical(set: Cpuset): void {
  for (const [index, { first, last }] of set.entries()) {
    assert.ok(first <= last);
    assert.ok(index === 0 || first > (set[index - 1] as { last: number }).last + 1, formatCpuset(set));
  }
}

function sorted(values: Iterable<number>): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
