import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PostedVectors } from '../../src/host/posted-vectors.js';
import { type PostingEvent, parsePostingEvents } from '../../src/host/posting-events.js';
import { folderBeside, readCases } from '../support/case-files.js';

// the texts follow the kernel's formats: arch/x86/kvm/trace.h of each version
const forms = suite('what trace events say of posting');
for (const one of readCases(folderBeside(import.meta.url, 'cases/posting-events'), ['events'])) {
  forms(one.name, () => one.expectJson('events', parsePostingEvents(one.text())));
}
forms.run();

const test = suite('which vectors are posted');
const posted = (irq: number, apicId = 0): PostingEvent => ({ kind: 'posted', irq, apicId });
const remapped = (irq: number): PostingEvent => ({ kind: 'remapped', irq });
const moved = (irq: number): PostingEvent => ({ kind: 'moved', irq });
const counts = (irq: number, count: number) => new Map([[irq, { '0': count - 1, '3': 1 }]]);

test('nothing is known of a vector that no event has named', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  assert.is(vectors.of(42), undefined);
  assert.not.ok(vectors.isPosted(42));
});

test('posted, to another vCPU, and no longer: only what changes is named', () => {
  const vectors = new PostedVectors();
  assert.equal(vectors.take([remapped(42), posted(41, 2)]), [41]);
  assert.equal(vectors.of(41), { isPosted: true, apicId: 2 });
  assert.equal(vectors.of(42), { isPosted: false });
  assert.equal(vectors.take([posted(41, 3)]), []);
  assert.is(vectors.of(41)?.apicId, 3);
  assert.equal(vectors.take([posted(42), remapped(42)]), [], 'it is as it was');
  assert.equal(vectors.take([remapped(41)]), [41]);
  assert.equal(vectors.of(41), { isPosted: false });
});

test('unknown after another vector was given to it, until KVM names it', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41), posted(42)]);
  assert.equal(vectors.take([moved(41), moved(42), posted(42)]), [41]);
  assert.is(vectors.of(41), undefined);
  assert.ok(vectors.isPosted(42));
});

test('after lost events nothing is known of any, but what later events say', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41), posted(42), remapped(43)]);
  assert.equal(vectors.take([{ kind: 'lost' }, posted(42)]), [41]);
  assert.equal(
    [41, 42, 43].map((irq) => vectors.of(irq)?.isPosted),
    [undefined, true, undefined],
  );
});

test('where the host takes a posted vector it is not posted, whatever the event said', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  assert.equal(vectors.takeCounts(counts(41, 7)), [], 'of the time before');
  assert.equal(vectors.takeCounts(counts(41, 7)), []);
  assert.equal(vectors.takeCounts(counts(41, 8)), [41]);
  assert.equal(vectors.of(41), { isPosted: false });
  vectors.take([posted(41)]);
  assert.equal(vectors.takeCounts(counts(41, 9)), [], 'posted again: counted anew');
});

test('counts of vectors that are not known to be posted say nothing', () => {
  const vectors = new PostedVectors();
  vectors.take([remapped(42)]);
  for (const count of [5, 6]) for (const irq of [41, 42]) assert.equal(vectors.takeCounts(counts(irq, count)), []);
  assert.is(vectors.of(41), undefined);
});

test('a count that has fallen is of another interrupt with the number', () => {
  const vectors = new PostedVectors();
  vectors.take([posted(41)]);
  vectors.takeCounts(counts(41, 70));
  assert.equal(vectors.takeCounts(counts(41, 3)), []);
  assert.equal(vectors.takeCounts(counts(41, 4)), [41]);
});

test.run();
