import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeAffinity } from '../../src/affinity/write-affinity.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { openMask } from '../../src/host/interrupt.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { A, hostOf, setOf, vfio } from './simulated-pass.js';

const test = suite('writeAffinity');
const SET = setOf('2-3');

/** Interrupt 41 with its mask file open, and the accesses from now on. */
function opened() {
  const kernel = hostOf([vfio(A, 41)]);
  const accesses: string[] = [];
  const files = new SimulatedFs(kernel, (operation, path) => void accesses.push(`${operation} ${path}`));
  const mask = openMask(files, 41);
  accesses.length = 0;
  return { kernel, files, mask, accesses };
}

test('verifies, then writes, with no access in between', () => {
  const { kernel, files, mask, accesses } = opened();
  const verify = () => void files.read('/sys/kernel/irq/41/actions');
  assert.equal(writeAffinity(mask, SET, verify), { outcome: 'written' });
  assert.equal(accesses, ['read /sys/kernel/irq/41/actions', 'write /proc/irq/41/smp_affinity']);
  assert.equal(kernel.interrupts.get(41)?.affinity, SET);
});

test('does not write if verification refuses or fails', () => {
  const { kernel, mask } = opened();
  assert.equal(
    writeAffinity(mask, SET, () => 'gone'),
    { outcome: 'refused', reason: 'gone' },
  );
  const unreadable = () => {
    throw new FileError('EIO', '/x');
  };
  assert.throws(() => writeAffinity(mask, SET, unreadable), /EIO/);
  assert.equal(kernel.writes, []);
});

test("returns the kernel's error, and throws any other", () => {
  const { kernel, mask } = opened();
  kernel.failNextWrites(41, 'ENOSPC');
  const result = writeAffinity(mask, SET, () => undefined);
  assert.is(result.outcome === 'failed' && result.error.code, 'ENOSPC');
  const broken = {
    ...{ read: () => undefined, isKept: false, close: () => {} },
    write: () => {
      throw new TypeError('a bug');
    },
  };
  assert.throws(() => writeAffinity(broken, SET, () => undefined), /a bug/);
});

test('a part that is written first decides where it is delivered, if there is room', () => {
  const { kernel, mask } = opened();
  const written = () => kernel.writes.splice(0).map(({ set }) => formatCpuset(set));
  assert.equal(
    writeAffinity(mask, setOf('1-3'), () => undefined, setOf('3')),
    { outcome: 'written' },
  );
  assert.equal(written(), ['3', '1-3']);
  assert.equal(kernel.interrupts.get(41)?.effective, setOf('3'));

  for (const code of ['ENOSPC', 'EINVAL']) {
    kernel.failNextWrites(41, code);
    assert.is(writeAffinity(mask, setOf('4-6'), () => undefined, setOf('5')).outcome, 'written', code);
    assert.equal(written(), ['4-6']);
  }
  kernel.failNextWrites(41, 'EBUSY');
  const result = writeAffinity(mask, setOf('1-2'), () => undefined, setOf('2'));
  assert.is(result.outcome === 'failed' && result.error.code, 'EBUSY', 'it is tried again as a whole');
  assert.equal(written(), []);
});

test('the CPUs of a part whose write succeeded are in the result if the whole set cannot be written', () => {
  const { kernel, mask } = opened();
  const resultOf = (...codes: string[]) => {
    kernel.failNextWrites(41, ...codes);
    const result = writeAffinity(mask, setOf('1-3'), () => undefined, setOf('3'));
    return result.outcome === 'failed' ? [result.error.code, result.part ?? null] : result;
  };
  assert.equal(resultOf('', 'EIO'), ['EIO', setOf('3')]);
  assert.equal(resultOf('EINVAL', 'EIO'), ['EIO', null]);
  assert.equal(resultOf('EBUSY'), ['EBUSY', null]);
});

test('does not write another interrupt that gets the IRQ after the check', () => {
  const { kernel, mask } = opened();
  mask.read();
  const result = writeAffinity(mask, SET, () => kernel.enableVectors(A, [41]));
  assert.is(result.outcome === 'failed' && result.error.code, 'ENOENT');
  assert.equal(kernel.writes, []);
});

test.run();
