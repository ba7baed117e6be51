import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PostingEvent } from '../../src/host/posting-events.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { HeldHost, told } from './reconciled-host.js';

const test = suite('vectors that are posted to vCPUs');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const posted = (irq: number, apicId = 0): PostingEvent => ({ kind: 'posted', irq, apicId });
const remapped = (irq: number): PostingEvent => ({ kind: 'remapped', irq });

/** A host whose guest has no vectors yet, and nothing is due for a while. */
function quietHost(): HeldHost {
  const host = new HeldHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.written();
  return host;
}

/** The guest enables MSI-X, and the kernel tells of it, and of some that they are posted. */
function enable(host: HeldHost, irqs: number[], ...events: PostingEvent[]): void {
  host.kernel.enableVectors(A, irqs);
  host.hold.takePostings([...irqs.map((irq): PostingEvent => ({ kind: 'moved', irq })), ...events]);
  host.hold.markDirty({ irqs });
}

test('a posted vector is not written, at its start or later; one that is not posted is', () => {
  const host = quietHost();
  enable(host, [50, 51, 52], posted(51));
  const runs = host.pass(1000);
  assert.equal(host.written(), ['50=2-3', '52=2-3']);
  assert.equal(told(...runs), ['placed 50: 0-7 -> 2-3', 'placed 52: 0-7 -> 2-3']);
  assert.equal(
    runs.flatMap(({ problems }) => problems),
    [],
  );
  host.pass(4_000_000);
  assert.equal(host.written(), []);
  assert.equal([...host.hold.posted], [['guest', 1]]);
  assert.equal(host.hold.postings, [
    { domain: 'guest', address: A, irq: 51, handler: `vfio-msix[1](${A})`, isPosted: true, apicId: 0, count: 0 },
  ]);
});

test('where all are posted nothing is written', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  assert.equal(host.written(), []);
  assert.equal(host.hold.counters.interrupts, 2);
});

test('a vector whose posting ends is placed at once', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  host.hold.takePostings([remapped(51)]);
  assert.equal(told(...host.pass(1000)), ['placed 51: 0-7 -> 2-3']);
  assert.equal(host.written(), ['51=2-3']);
  assert.equal([...host.hold.posted], [['guest', 1]]);
});

test('where the event says posted and the host takes it, the count wins: it is placed by the next poll', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  host.kernel.occur(50);
  assert.equal(told(...host.pass(11_000)), ['placed 50: 0-7 -> 2-3']);
  assert.equal(host.written(), ['50=2-3']);
  assert.equal(
    host.hold.postings.map(({ irq, isPosted }) => [irq, isPosted]),
    [
      [50, false],
      [51, true],
    ],
  );
});

test('a vector that is posted after it was placed stays as it is, whoever moves it', () => {
  const host = quietHost();
  enable(host, [50]);
  host.pass(1000);
  assert.equal(host.written(), ['50=2-3']);
  host.hold.takePostings([posted(50)]);
  host.pass(60_000);
  assert.equal(host.written(), []);
  assert.equal([...host.hold.posted], [['guest', 1]]);
});

test('a posted vector that somebody moves is unknown then, and is repaired', () => {
  const host = quietHost();
  enable(host, [50]);
  host.pass(1000);
  host.hold.takePostings([posted(50)]);
  host.pass(60_000);
  host.written();
  host.kernel.move(50, [{ first: 0, last: 0 }]);
  host.hold.takePostings([{ kind: 'moved', irq: 50 }]);
  host.hold.markDirty({ irqs: [50] });
  assert.equal(told(...host.pass(1000)), ['repaired 50: 0 -> 2-3']);
  assert.equal([...host.hold.posted], [['guest', 0]]);
});

test('after lost events, and without trace events, nothing is posted as far as is known: all are placed', () => {
  for (const end of [
    (host: HeldHost) => host.hold.takePostings([{ kind: 'lost' }]),
    (host: HeldHost) => host.hold.setTraced(false),
  ]) {
    const host = quietHost();
    enable(host, [50, 51], posted(50), posted(51));
    host.pass(60_000);
    end(host);
    host.pass(2000);
    assert.equal(host.written(), ['50=2-3', '51=2-3']);
    assert.equal(host.hold.postings, []);
  }
});

test('a new vector under the number of a posted one is not taken for posted', () => {
  const host = quietHost();
  enable(host, [50], posted(50));
  host.pass(60_000);
  host.kernel.disableVectors(A);
  enable(host, [50]);
  host.pass(1000);
  assert.equal(host.written(), ['50=2-3']);
});

test('a vector that was posted before its domain was added is not written', () => {
  const host = new HeldHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.hold.takePostings([posted(41)]);
  host.add(guest(hostdev(A, 'auto')));
  assert.equal(host.written(), []);
});

test.run();
