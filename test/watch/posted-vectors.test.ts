import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PostingEvent } from '../../src/host/posting-events.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const test = suite('vectors that KVM posts to vCPUs');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const posted = (irq: number, apicId = 0): PostingEvent => ({ kind: 'posted', irq, apicId });
const remapped = (irq: number): PostingEvent => ({ kind: 'remapped', irq });

/** A host whose guest has no vectors yet, and no check is due soon. */
function quietHost(): ReconciledHost {
  const host = new ReconciledHost(hostOf([vfio(A)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(60_000);
  host.written();
  return host;
}

/** Enables MSI-X, with the kernel's events for it and for posted vectors. */
function enable(host: ReconciledHost, irqs: number[], ...events: PostingEvent[]): void {
  host.kernel.enableVectors(A, irqs);
  host.reconciler.takePostings([...irqs.map((irq): PostingEvent => ({ kind: 'moved', irq })), ...events]);
  host.reconciler.markDirty({ irqs });
}

const postedOf = ({ reconciler }: ReconciledHost) =>
  reconciler.domainCounts.map(({ domain, posted }) => [domain, posted]);

test('a posted vector is never written; others are', () => {
  const host = quietHost();
  enable(host, [50, 51, 52], posted(51));
  const runs = host.pass(1000);
  assert.equal(host.written(), ['50=2-3', '52=2-3']);
  assert.equal(changesOf(...runs), ['placed 50: 0-7 -> 2-3', 'placed 52: 0-7 -> 2-3']);
  assert.equal(
    runs.flatMap(({ problems }) => problems),
    [],
  );
  host.pass(4_000_000);
  assert.equal(host.written(), []);
  assert.equal(postedOf(host), [['guest', 1]]);
  assert.equal(host.reconciler.postings, [
    { domain: 'guest', address: A, irq: 51, handler: `vfio-msix[1](${A})`, isPosted: true, apicId: 0, count: 0 },
  ]);
});

test('if all vectors are posted nothing is written', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  assert.equal(host.written(), []);
  assert.equal(host.reconciler.counters.interrupts, 2);
});

test('a vector whose posting ends is placed at once', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  host.reconciler.takePostings([remapped(51)]);
  assert.equal(changesOf(...host.pass(1000)), ['placed 51: 0-7 -> 2-3']);
  assert.equal(host.written(), ['51=2-3']);
  assert.equal(postedOf(host), [['guest', 1]]);
});

test('a vector with a posting event but counts on the host is placed by the next poll', () => {
  const host = quietHost();
  enable(host, [50, 51], posted(50), posted(51));
  host.pass(60_000);
  host.kernel.occur(50);
  assert.equal(changesOf(...host.pass(11_000)), ['placed 50: 0-7 -> 2-3']);
  assert.equal(host.written(), ['50=2-3']);
  assert.equal(
    host.reconciler.postings.map(({ irq, isPosted }) => [irq, isPosted]),
    [
      [50, false],
      [51, true],
    ],
  );
});

test('a vector that is posted after its placement is not written, even if it is moved', () => {
  const host = quietHost();
  enable(host, [50]);
  host.pass(1000);
  assert.equal(host.written(), ['50=2-3']);
  host.reconciler.takePostings([posted(50)]);
  host.pass(60_000);
  assert.equal(host.written(), []);
  assert.equal(postedOf(host), [['guest', 1]]);
});

test('a posted vector that another program moves counts as not posted, and is repaired', () => {
  const host = quietHost();
  enable(host, [50]);
  host.pass(1000);
  host.reconciler.takePostings([posted(50)]);
  host.pass(60_000);
  host.written();
  host.kernel.move(50, [{ first: 0, last: 0 }]);
  host.reconciler.takePostings([{ kind: 'moved', irq: 50 }]);
  host.reconciler.markDirty({ irqs: [50] });
  assert.equal(changesOf(...host.pass(1000)), ['repaired 50: 0 -> 2-3']);
  assert.equal(postedOf(host), [['guest', 0]]);
});

test('after lost events, and without trace events, no vector counts as posted: all are placed', () => {
  for (const end of [
    (host: ReconciledHost) => host.reconciler.takePostings([{ kind: 'lost' }]),
    (host: ReconciledHost) => host.reconciler.setTraced(false),
  ]) {
    const host = quietHost();
    enable(host, [50, 51], posted(50), posted(51));
    host.pass(60_000);
    end(host);
    host.pass(2000);
    assert.equal(host.written(), ['50=2-3', '51=2-3']);
    assert.equal(host.reconciler.postings, []);
  }
});

test('a new vector under the IRQ of a posted one does not count as posted', () => {
  const host = quietHost();
  enable(host, [50], posted(50));
  host.pass(60_000);
  host.kernel.disableVectors(A);
  enable(host, [50]);
  host.pass(1000);
  assert.equal(host.written(), ['50=2-3']);
});

test('a vector that was posted before its domain was added is not written', () => {
  const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING), { traced: true });
  host.reconciler.takePostings([posted(41)]);
  host.add(guest(hostdev(A, 'auto')));
  assert.equal(host.written(), []);
});

test.run();
