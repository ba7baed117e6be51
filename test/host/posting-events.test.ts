import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PostedVectors } from '../../src/host/posted-vectors.js';
import { type PostingEvent, parsePostingEvents } from '../../src/host/posting-events.js';
import { pathBeside, readCases } from '../support/case-files.js';

// The lines follow the kernel's formats: arch/x86/kvm/trace.h of each version.
const forms = suite('parsing of posting events');
for (const one of readCases(pathBeside(import.meta.url, 'cases/posting-events.txt'), ['events'])) {
  forms(one.name, () => one.expectJson('events', parsePostingEvents(one.text())));
}
forms.run();

const test = suite('posting state of vectors');
const posted = (irq: number, apicId = 0): PostingEvent => ({ kind: 'posted', irq, apicId });
const remapped = (irq: number): PostingEvent => ({ kind: 'remapped', irq });
const moved = (irq: number): PostingEvent => ({ kind: 'moved', irq });
const counts = (irq: number, count: number) => new Map([[irq, { '0': count - 1, '3': 1 }]]);

test('a vector without an event has an unknown state', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  assert.is(vectors.of(42), undefined);
  assert.not.ok(vectors.isPosted(42));
});

test('only vectors whose state changes are returned', () => {
  const vectors = new PostedVectors();
  assert.equal(vectors.take([remapped(42), posted(41, 2)]), [41]);
  assert.equal(vectors.of(41), { isPosted: true, apicId: 2 });
  assert.equal(vectors.of(42), { isPosted: false });
  assert.equal(vectors.take([posted(41, 3)]), []);
  assert.is(vectors.of(41)?.apicId, 3);
  assert.equal(vectors.take([posted(42), remapped(42)]), [], 'the state is unchanged');
  assert.equal(vectors.take([remapped(41)]), [41]);
  assert.equal(vectors.of(41), { isPosted: false });
});

test('after an IRQ gets another vector its state is unknown until the next KVM event', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41), posted(42)]);
  assert.equal(vectors.take([moved(41), moved(42), posted(42)]), [41]);
  assert.is(vectors.of(41), undefined);
  assert.ok(vectors.isPosted(42));
});

test('after lost events all states are unknown until later events', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41), posted(42), remapped(43)]);
  assert.equal(vectors.take([{ kind: 'lost' }, posted(42)]), [41]);
  assert.equal(
    [41, 42, 43].map((irq) => vectors.of(irq)?.isPosted),
    [undefined, true, undefined],
  );
});

test('a posted vector that the host handles is not posted', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  assert.equal(vectors.takeCounts(counts(41, 7)), [], 'the first count is the baseline');
  assert.equal(vectors.takeCounts(counts(41, 7)), []);
  assert.equal(vectors.takeCounts(counts(41, 8)), [41]);
  assert.equal(vectors.of(41), { isPosted: false });
  vectors.take([posted(41)]);
  assert.equal(vectors.takeCounts(counts(41, 9)), [], 'a new event sets a new baseline');
});

test('counts of vectors that are not posted are ignored', () => {
  const vectors = new PostedVectors();
  vectors.take([remapped(42)]);
  for (const count of [5, 6]) for (const irq of [41, 42]) assert.equal(vectors.takeCounts(counts(irq, count)), []);
  assert.is(vectors.of(41), undefined);
});

test('a count that decreased sets a new baseline', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  vectors.takeCounts(counts(41, 70));
  assert.equal(vectors.takeCounts(counts(41, 3)), []);
  assert.equal(vectors.takeCounts(counts(41, 4)), [41]);
});

test.run();
