import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import { IrqQueue } from '../../src/watch/irq-queue.js';
import { FixedFiles } from '../host-backend/fixed-files.js';

const heard = suite('interrupts that the kernel named');
const A = '0000:06:00.0';
const files = (handlers: Record<number, string | FileError>) =>
  new FixedFiles(
    Object.fromEntries(Object.entries(handlers).map(([irq, text]) => [`/sys/kernel/irq/${irq}/actions`, text])),
  );

heard('whose they are is found by their handlers; what is none of VFIO’s is forgotten', () => {
  const words = new IrqQueue();
  assert.is(words.due, Number.POSITIVE_INFINITY);
  for (const irq of [41, 42, 43]) words.add(irq, 100, 101);
  assert.is(words.due, 101);
  const host = files({ 41: `vfio-msix[3](${A})\n`, 42: 'nvme0q1\n', 43: `ahci,vfio-intx(${A})\n` });
  assert.equal(
    [...words.found(host, 101)],
    [
      { irq: 41, address: A, handlers: [`vfio-msix[3](${A})`], tries: 0 },
      { irq: 43, address: A, handlers: ['ahci', `vfio-intx(${A})`], tries: 0 },
    ],
  );
  assert.equal([words.at(41), words.at(42)], [100, undefined]);
  assert.equal(
    [...words.found(host, words.due)].map(({ irq, tries }) => [irq, tries]),
    [
      [41, 1],
      [43, 1],
    ],
  );
  assert.is(words.isWaiting, true);
  for (const irq of [41, 43]) words.settled(irq);
  assert.is(words.isWaiting, false);
});

heard('the first word counts for the lag, and what is settled is forgotten', () => {
  const words = new IrqQueue();
  words.add(41, 100, 100);
  words.add(41, 150, 150);
  assert.is(words.at(41), 100);
  words.settled(41);
  assert.equal([words.at(41), words.due], [undefined, Number.POSITIVE_INFINITY]);
  words.add(41, 200, 200);
  words.clear();
  assert.is(words.due, Number.POSITIVE_INFINITY);
});

heard('what nobody has requested yet is looked for again, less and less often, and not for ever', () => {
  const words = new IrqQueue();
  words.add(41, 0, 0);
  const looked: number[] = [];
  for (; words.due < 1e6 && looked.length < 100; ) {
    const now = words.due;
    looked.push(now);
    assert.equal([...words.found(files({ 41: '\n' }), now)], []);
    assert.equal([...words.found(files({ 41: `vfio-msix[0](${A})\n` }), now)], [], 'not before it is due again');
  }
  const gaps = looked.slice(1).map((at, index) => at - (looked[index] as number));
  assert.is(gaps[0], 1);
  assert.ok(gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] as number)));
  const last = looked.at(-1) as number;
  assert.ok(last > 300 && last < 2000, `given up after ${last} ms`);
});

heard('a new word begins anew', () => {
  const words = new IrqQueue();
  words.add(41, 0, 0);
  for (let i = 0; i < 6; i++) assert.equal([...words.found(files({ 41: '\n' }), words.due)], []);
  words.add(41, 50, 50);
  assert.is(words.due, 50);
  assert.equal([...words.found(files({ 41: '\n' }), 50)], []);
  assert.is(words.due, 51);
});

heard('one whose handlers cannot be read keeps no other from being found', () => {
  const words = new IrqQueue();
  for (const irq of [41, 42]) words.add(irq, 0, 0);
  const host = files({ 41: new FileError('EIO', '/sys/kernel/irq/41/actions'), 42: `vfio-msix[0](${A})\n` });
  assert.equal(
    [...words.found(host, 0)].map(({ irq }) => irq),
    [42],
  );
  assert.is(words.due, 1, 'it is looked for again');
});

heard.run();
