import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyEdits, type Edit } from '../../src/xml/edit.js';

const editing = suite('applyEdits');

/** A text, edits that do not overlap, and a random order of them. */
const input = fc
  .tuple(
    fc.string({ maxLength: 40 }),
    fc.array(fc.tuple(fc.nat(40), fc.string({ maxLength: 3 })), { maxLength: 6 }),
    fc.infiniteStream(fc.nat(1000)),
  )
  .map(([text, cuts, keys]) => {
    const places = cuts.map(([place]) => Math.min(place, text.length)).sort((a, b) => a - b);
    const edits: Edit[] = [];
    for (let i = 0; i + 1 < places.length; i += 2) {
      edits.push({ start: places[i] as number, end: places[i + 1] as number, text: (cuts[i] as [number, string])[1] });
    }
    const order = edits.map((edit) => ({ edit, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
    return { text, edits, shuffled: order.map(({ edit }) => edit) };
  })
  .filter(({ edits }) => new Set(edits.map(({ start }) => start)).size === edits.length);

editing('the result equals splicing from the last edit to the first, whatever the order of the edits', () => {
  fc.assert(
    fc.property(input, ({ text, edits, shuffled }) => {
      const units = text.split('');
      for (const { start, end, text: put } of [...edits].reverse()) units.splice(start, end - start, put);
      assert.is(applyEdits(text, shuffled), units.join(''));
    }),
    { numRuns: 3000 },
  );
});

editing('without edits the text is unchanged', () => assert.is(applyEdits('ab\r\n', []), 'ab\r\n'));

editing('insertions at one position keep their order, and precede a replacement there', () => {
  const edits = [
    { start: 1, end: 2, text: 'X' },
    { start: 1, end: 1, text: '1' },
    { start: 1, end: 1, text: '2' },
    { start: 2, end: 2, text: '3' },
  ];
  assert.is(applyEdits('abc', edits), 'a12X3c');
});

const impossible: [name: string, edits: Edit[]][] = [
  [
    'overlapping edits',
    [
      { start: 0, end: 2, text: '' },
      { start: 1, end: 3, text: '' },
    ],
  ],
  [
    'the same edit twice',
    [
      { start: 0, end: 2, text: '' },
      { start: 0, end: 2, text: '' },
    ],
  ],
  [
    'an insertion inside a replacement',
    [
      { start: 0, end: 2, text: '' },
      { start: 1, end: 1, text: 'x' },
    ],
  ],
  ['an edit after the end', [{ start: 2, end: 4, text: '' }]],
  ['an edit before the start', [{ start: -1, end: 1, text: '' }]],
  ['an edit that ends before it starts', [{ start: 2, end: 1, text: '' }]],
];
for (const [name, edits] of impossible) {
  editing(`${name}: throws`, () => {
    for (const order of [edits, [...edits].reverse()]) {
      assert.throws(
        () => applyEdits('abc', order),
        (error: Error) => error instanceof RangeError,
      );
    }
  });
}

editing.run();
