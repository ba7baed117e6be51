import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorKind, errorKind } from '../../src/affinity/write-errors.js';
import { reasonText } from '../../src/report/reason-text.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { A, guest, hostdev, hostOf, interrupts, outcomes, Simulated, vfio } from './simulated-pass.js';

const errors = suite('write errors');
let folder: TemporaryFolder;
errors.before.each(() => {
  folder = new TemporaryFolder();
});
errors.after.each(() => folder.remove());

const textOf = (error: string) => reasonText({ code: 'write-error', error });
const own = guest(hostdev(A, '2-3'));
const KINDS: Record<ErrorKind, string[]> = {
  transient: ['EBUSY', 'EAGAIN', 'EINVAL', 'EIO'],
  exhausted: ['ENOSPC'],
  gone: ['ENOENT'],
  impossible: ['EPERM', 'EACCES', 'EROFS', 'ERANGE', 'EOVERFLOW', 'EWHATEVER'],
};

for (const [kind, codes] of Object.entries(KINDS)) {
  for (const code of codes) {
    errors(`${code} is ${kind}`, () => {
      assert.is(errorKind(code), kind);
      const kernel = hostOf([vfio(A, 41)]);
      const times = kind === 'transient' ? 3 : 1;
      kernel.failNextWrites(41, ...Array<string>(times).fill(code));
      const pass = new Simulated(kernel, folder.path);
      const placed = interrupts(pass.enforce(own)).get(41);
      assert.equal(
        [placed?.action, placed?.reason, placed?.error, placed?.affinity],
        [kind === 'gone' ? 'skip' : 'fail', textOf(code), code, '0-7'],
      );
      assert.is(pass.pauses.length, times - 1, 'number of retries');
      assert.equal(pass.written(), []);
      assert.equal(outcomes(pass.enforce(own)), ['41 set'], 'the next pass tries again');
    });
  }
}

errors('EINVAL and EIO become impossible if they persist, EBUSY never does', () => {
  const kinds = (code: string) => [1, 4, 5, 100].map((failures) => errorKind(code, failures));
  for (const code of ['EINVAL', 'EIO'])
    assert.equal(kinds(code), ['transient', 'transient', 'impossible', 'impossible'], code);
  assert.equal(kinds('EBUSY'), ['transient', 'transient', 'transient', 'transient']);
});

errors('a pass pauses twice, however many interrupts fail', () => {
  const irqs = Array.from({ length: 512 }, (_, index) => 1000 + index);
  const kernel = hostOf([vfio(A, ...irqs)]);
  for (const irq of irqs) kernel.failAllWrites(irq, 'EBUSY');
  const pass = new Simulated(kernel, folder.path);
  const results = outcomes(pass.enforce(own));
  assert.is(results.filter((text) => text.endsWith(`fail: ${textOf('EBUSY')}`)).length, 512);
  assert.equal(pass.pauses, [2, 2]);
});

errors('a transient error that ends is not reported as a failure', () => {
  // EIO, EINVAL: an interrupt disappeared while its file was open, and exists again under its IRQ.
  for (const codes of [['EBUSY'], ['EAGAIN', 'EBUSY'], ['EIO'], ['EINVAL', 'EIO']]) {
    const kernel = hostOf([vfio(A, 41)]);
    kernel.failNextWrites(41, ...codes);
    const pass = new Simulated(kernel, folder.join(codes.join('-')));
    assert.equal(outcomes(pass.enforce(own)), ['41 set']);
    assert.is(pass.pauses.length, codes.length);
  }
});

errors('a managed interrupt fails with EPERM', () => {
  const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix', managed: true }] }]);
  const placed = interrupts(new Simulated(kernel, folder.path).enforce(own)).get(41);
  assert.equal([placed?.action, placed?.error], ['fail', 'EPERM']);
});

errors('reasons are plain text: distinct for each kind, with a code only if it is unknown', () => {
  const codes = Object.values(KINDS).flat();
  for (const code of codes) assert.is(/\bE[A-Z]+\b/.test(textOf(code)), code === 'EWHATEVER', code);
  const reasons = Object.values(KINDS).map(([code]) => textOf(code as string));
  assert.is(new Set(reasons).size, reasons.length);
});

errors.run();
