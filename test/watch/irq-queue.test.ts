import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PostedVectors } from '../../src/host/posted-vectors.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { IrqQueue } from '../../src/watch/irq-queue.js';
import type { CheckContext } from '../../src/watch/managed-domain.js';
import { hostOf } from '../affinity/simulated-pass.js';
import { FixedFiles } from '../host/fixed-files.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const irqQueue = suite('queue of IRQs from trace events');
const A = '0000:06:00.0';
const files = (handlers: Record<number, string | FileError>) =>
  new FixedFiles(
    Object.fromEntries(Object.entries(handlers).map(([irq, text]) => [`/sys/kernel/irq/${irq}/actions`, text])),
  );

const queueOn = (handlers: Record<number, string | FileError>) => new IrqQueue(files(handlers));
const irqIn = (path: string) => Number(/\/irq\/(\d+)\//.exec(path)?.[1]);

irqQueue("take returns an IRQ with its device if a handler is VFIO's, and drops it if none is", () => {
  const queue = queueOn({ 41: `vfio-msix[3](${A})\n`, 42: 'nvme0q1\n', 43: `ahci,vfio-intx(${A})\n` });
  assert.is(queue.due, Number.POSITIVE_INFINITY);
  queue.add([41, 42, 43], 100, 101);
  assert.is(queue.due, 101);
  assert.equal(
    [...queue.take(101)],
    [
      { irq: 41, address: A, handlers: [`vfio-msix[3](${A})`], tries: 0 },
      { irq: 43, address: A, handlers: ['ahci', `vfio-intx(${A})`], tries: 0 },
    ],
  );
  assert.equal([queue.seenAt(41), queue.seenAt(42)], [100, undefined]);
  assert.equal(
    [...queue.take(queue.due)].map(({ irq, tries }) => [irq, tries]),
    [
      [41, 1],
      [43, 1],
    ],
  );
  assert.is(queue.isWaiting, true);
  for (const irq of [41, 43]) queue.remove(irq);
  assert.is(queue.isWaiting, false);
});

irqQueue('an IRQ that is named constantly is tried 200 times at once, then once a second without retries', () => {
  const queue = queueOn({ 41: `vfio-msix[0](${A})\n` });
  const name = (now: number, times = 1) => {
    for (let time = 0; time < times; time++) queue.add([41, 42], now, now);
  };
  const taken = (now: number) => [...queue.take(now)].map(({ irq, tries }) => [irq, tries]);
  name(0, 199);
  assert.equal(taken(0), [[41, 0]]);
  queue.clear();
  name(0);
  assert.equal(taken(0), [[41, 0]], 'the last one at once');
  queue.clear();
  name(0);
  assert.equal([taken(0), queue.due], [[], 1000]);
  name(500);
  assert.equal([taken(999), queue.due], [[], 1000], 'it waits for its turn, however often it is named');
  assert.equal([taken(1000), queue.isWaiting], [[[41, 15]], false]);
});

irqQueue('event rates are kept for 4,096 IRQs', () => {
  const queue = queueOn({});
  for (let time = 0; time < 200; time++) queue.add([1], 0, 0);
  const dueAfter = (irq: number) => {
    queue.add([irq], 0, 0);
    queue.clear();
    queue.add([1], 0, 0);
    const { due } = queue;
    queue.clear();
    return due;
  };
  queue.clear();
  for (let irq = 2; irq < 4096; irq++) queue.add([irq], 0, 0);
  assert.ok(dueAfter(4096) > 0);
  assert.is(dueAfter(4097), 0);
});

irqQueue('an IRQ of a device without a managed domain is dropped at once', () => {
  const queue = queueOn({ 41: `vfio-msix[3](${A})\n` });
  queue.add([41], 0, 0);
  queue.process(new Map(), { now: 0, posted: new PostedVectors() } as CheckContext);
  assert.is(queue.isWaiting, false);
});

irqQueue('errors not caused by the host are thrown', () => {
  const failing = new SimulatedFs(hostOf([]), () => {
    throw new RangeError('a bug');
  });
  const queue = new IrqQueue(failing);
  queue.add([41], 0, 0);
  assert.throws(() => [...queue.take(0)], 'a bug');
});

irqQueue('the lag counts from the first event until the IRQ is removed', () => {
  const queue = queueOn({});
  queue.add([41], 100, 100);
  queue.add([41], 150, 150);
  assert.is(queue.seenAt(41), 100);
  queue.remove(41);
  assert.equal([queue.seenAt(41), queue.due], [undefined, Number.POSITIVE_INFINITY]);
  queue.add([41], 200, 200);
  queue.clear();
  assert.is(queue.due, Number.POSITIVE_INFINITY);
});

irqQueue('an IRQ without a handler is retried with growing delays, and dropped in the end', () => {
  const actions: Record<number, string> = { 41: '\n' };
  const queue = new IrqQueue(Object.assign(files({}), { read: (path: string) => actions[irqIn(path)] }));
  queue.add([41], 0, 0);
  const triedAt: number[] = [];
  for (; queue.due < 1e6 && triedAt.length < 100; ) {
    const now = queue.due;
    triedAt.push(now);
    actions[41] = '\n';
    assert.equal([...queue.take(now)], []);
    actions[41] = `vfio-msix[0](${A})\n`;
    assert.equal([...queue.take(now)], [], 'not before it is due again');
  }
  const gaps = triedAt.slice(1).map((at, index) => at - (triedAt[index] as number));
  assert.is(gaps[0], 1);
  assert.ok(gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] as number)));
  const last = triedAt.at(-1) as number;
  assert.ok(last > 300 && last < 2000, `given up after ${last} ms`);
});

irqQueue('a new event resets the delays', () => {
  const queue = queueOn({ 41: '\n' });
  queue.add([41], 0, 0);
  for (let i = 0; i < 6; i++) assert.equal([...queue.take(queue.due)], []);
  queue.add([41], 50, 50);
  assert.is(queue.due, 50);
  assert.equal([...queue.take(50)], []);
  assert.is(queue.due, 51);
});

irqQueue('an IRQ whose handlers cannot be read does not delay the others', () => {
  const queue = queueOn({ 41: new FileError('EIO', '/sys/kernel/irq/41/actions'), 42: `vfio-msix[0](${A})\n` });
  queue.add([41, 42], 0, 0);
  assert.equal(
    [...queue.take(0)].map(({ irq }) => irq),
    [42],
  );
  assert.is(queue.due, 1, 'it is tried again');
});

irqQueue.run();
