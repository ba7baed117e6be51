import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { InterruptState } from '../../src/watch/interrupt-state.js';
import { A, hostOf, setOf, vfio } from '../affinity/simulated-pass.js';
import { FixedFiles } from '../host/fixed-files.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const test = suite('state of an interrupt across checks');
const HANDLER = `vfio-msix[0](${A})`;
const BORN = { affinity: setOf('0-7'), handlers: [HANDLER] };

/** Interrupt 41, with all state that can be known of it. */
function known(): { kernel: SimulatedKernel; one: InterruptState } {
  const kernel = hostOf([vfio(A, 41)]);
  const one = new InterruptState(new SimulatedFs(kernel), 41, HANDLER);
  one.record(BORN);
  one.placedOn = setOf('0-7');
  one.fastPathWrite = { from: setOf('0-7'), to: setOf('2-3'), lagMs: 1 };
  one.retry.failed(setOf('2-3'), 'EBUSY', 'transient', 1000);
  return { kernel, one };
}

test('an interrupt is unchanged until its mask changes', () => {
  const { kernel, one } = known();
  assert.equal([one.check(), one.check()], ['same', 'same']);
  kernel.move(41, parseCpuList('5') ?? []);
  assert.equal([one.check(), one.check(), one.placedOn], ['moved', 'moved', setOf('0-7')]);
  one.record({ ...BORN, affinity: setOf('5') });
  assert.is(one.check(), 'same');
});

test('a new vector under the same IRQ has no state', () => {
  const { kernel, one } = known();
  kernel.enableVectors(A, [41]);
  assert.is(one.check(), 'renewed');
  assert.equal([one.placedOn, one.fastPathWrite, one.retry.retryAt, one.isNew], [undefined, undefined, 0, true]);
});

test('a vector that is renewed during a pass loses its state and is checked again', () => {
  const { kernel, one } = known();
  kernel.enableVectors(A, [41]);
  one.record(BORN);
  assert.equal([one.placedOn, one.fastPathWrite, one.retry.retryAt], [undefined, undefined, 0]);
  assert.is(one.check(), 'moved', 'and it is looked at closely next');
});

test('a removed interrupt is "renewed" at each check', () => {
  const { kernel, one } = known();
  kernel.disableVectors(A);
  assert.equal([one.check(), one.check()], ['renewed', 'renewed']);
});

test('a mask that differs from the recorded plan is "moved"', () => {
  const { kernel, one } = known();
  kernel.move(41, parseCpuList('5') ?? []);
  one.record({ ...BORN, affinity: setOf('2-3') });
  assert.is(one.check(), 'moved');
});

test('takeEnd reports the end of a vector once', () => {
  const { kernel, one } = known();
  assert.is(one.takeEnd(), false);
  kernel.enableVectors(A, [41]);
  one.check();
  assert.equal([one.takeEnd(), one.takeEnd()], [true, false]);
});

test('a renewed vector is not contested', () => {
  const { kernel, one } = known();
  const limits = { limit: 1, window: 1000 };
  assert.equal([one.repairs.decide(0, limits), one.repairs.decide(0, limits)], ['repair', 'contested']);
  kernel.enableVectors(A, [41]);
  one.check();
  assert.is(one.repairs.isContested(0), false);
});

test('after a saved pass it is the same vector, unless it changed during the pass or its file is not kept open', () => {
  const { kernel, one } = known();
  one.recordPass(BORN, true);
  assert.is(one.continuity, 'same');
  kernel.move(41, setOf('5'));
  one.recordPass(BORN, true);
  assert.is(one.continuity, 'unknown');
  kernel.enableVectors(A, [41]);
  one.recordPass(BORN, true);
  assert.is(one.continuity, 'renewed');
  const unkept = new InterruptState(unkeptFiles(), 41, HANDLER);
  unkept.recordPass(BORN, true);
  assert.equal([unkept.check(), unkept.continuity], ['same', 'unknown']);
});

/** Of interrupt 41 as in BORN. */
const unkeptFiles = (actions = HANDLER) =>
  new FixedFiles({ '/proc/irq/41/smp_affinity': 'ff\n', '/sys/kernel/irq/41/actions': `${actions}\n` });

test('a vector that took its number and mask before it was opened is not taken for it', () => {
  const kernel = hostOf([vfio(A, 41)]);
  for (const isSaved of [true, false]) {
    kernel.enableVectors(A, [41], 'msi');
    const one = new InterruptState(new SimulatedFs(kernel), 41, HANDLER);
    one.recordPass(BORN, isSaved);
    assert.equal([one.check(), one.continuity], ['moved', 'unknown']);
    kernel.enableVectors(A, [41]);
    assert.is(one.check(), 'renewed');
    one.recordPass(BORN, isSaved);
    assert.equal([one.check(), one.continuity], ['same', isSaved ? 'same' : 'renewed']);
  }
  const unreadable = new InterruptState(new FixedFiles({ '/proc/irq/41/smp_affinity': 'ff\n' }), 41, HANDLER);
  unreadable.recordPass(BORN, true);
  assert.is(unreadable.check(), 'moved');
});

test('without a descriptor, another handler shows where it is asked for', () => {
  for (const [actions, isSame] of [
    [HANDLER, true],
    [`vfio-msi[0](${A})`, false],
  ] as const) {
    const one = new InterruptState(unkeptFiles(actions), 41, HANDLER);
    one.record(BORN);
    assert.equal([one.check(), one.isDeliveredAsBefore()], ['same', isSame]);
  }
});

test('an interrupt that is unreadable when recorded has ended; one without handlers has not', () => {
  const path = '/proc/irq/41/smp_affinity';
  const unreadable = new InterruptState(new FixedFiles({ [path]: new FileError('EIO', path) }), 41, HANDLER);
  assert.equal([unreadable.record(BORN), unreadable.takeEnd()], [false, true]);
  const phantom = new InterruptState(new FixedFiles({}), 41, undefined);
  assert.equal([phantom.record({ affinity: null, handlers: [] }), phantom.takeEnd()], [true, false]);
});

test('errors not caused by the host are thrown', () => {
  const kernel = hostOf([vfio(A, 41)]);
  let isBroken = false;
  const files = new SimulatedFs(kernel, () => {
    if (isBroken) throw new RangeError('a bug');
  });
  const one = new InterruptState(files, 41, HANDLER);
  isBroken = true;
  for (const call of [
    () => one.check(),
    () => one.readAffinity(),
    () => one.isDeliveredAsBefore(),
    () => one.record(BORN),
  ])
    assert.throws(call, 'a bug');
  assert.throws(() => new InterruptState(files, 41, undefined).writeAffinity(setOf('2'), () => undefined), 'VFIO');
});

test('an interrupt is new until it is placed, written on the fast path, or failed', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const fresh = () => new InterruptState(new SimulatedFs(kernel), 41, HANDLER);
  assert.is(fresh().isNew, true);
  const [placedOn, fastPathWrite, failed] = [fresh(), fresh(), fresh()];
  placedOn.placedOn = setOf('2-3');
  fastPathWrite.fastPathWrite = { from: setOf('0-7'), to: setOf('2-3'), lagMs: 1 };
  failed.retry.failed(setOf('2-3'), 'EBUSY', 'transient', 1000);
  assert.equal([placedOn.isNew, fastPathWrite.isNew, failed.isNew], [false, false, false]);
});

test("readAffinity reads a renewed vector's mask, and returns undefined if it is gone or invalid", () => {
  const { kernel, one } = known();
  assert.equal(one.readAffinity(), setOf('0-7'));
  kernel.enableVectors(A, [41]);
  assert.equal(one.readAffinity(), setOf('0-7'));
  kernel.disableVectors(A);
  assert.is(one.readAffinity(), undefined);
  const path = '/proc/irq/41/smp_affinity';
  assert.is(new InterruptState(new FixedFiles({ [path]: 'x\n' }), 41, HANDLER).readAffinity(), undefined);
  const broken = new FixedFiles({ [path]: new FileError('EIO', path) });
  assert.is(new InterruptState(broken, 41, HANDLER).readAffinity(), undefined);
  assert.is(new InterruptState(broken, 41, HANDLER).check(), 'renewed');
});

test('for an interrupt without a VFIO handler the handlers are compared; a phantom stays one', () => {
  const texts: Record<string, string> = { '/sys/kernel/irq/41/actions': 'ahci\n' };
  const one = new InterruptState(new FixedFiles(texts), 41, undefined);
  one.record({ affinity: setOf('0-7'), handlers: ['ahci'] });
  assert.is(one.check(), 'same');
  texts['/sys/kernel/irq/41/actions'] = '\n';
  assert.is(one.check(), 'moved');
  one.record({ affinity: null, handlers: [] });
  assert.is(one.check(), 'same');
  one.record({ affinity: setOf('0-7'), handlers: [] });
  texts['/sys/kernel/irq/41/actions'] = 'ahci\n';
  one.record({ affinity: setOf('0-7'), handlers: ['ahci'] });
  delete texts['/sys/kernel/irq/41/actions'];
  assert.is(one.check(), 'renewed', 'it had a handler');
  const phantom = new InterruptState(new FixedFiles({}), 41, undefined);
  phantom.record({ affinity: null, handlers: [] });
  assert.is(phantom.check(), 'same', 'without handlers it need not have a file');
});

test('delivery is compared with the recorded effective affinity', () => {
  const { kernel, one } = known();
  assert.is(one.isDeliveredAsBefore(), false, 'nobody has said');
  one.record({ ...BORN, effective: setOf('0') });
  const interrupt = kernel.interrupts.get(41);
  const goes = (cpus: string | undefined) => {
    if (interrupt) interrupt.effective = parseCpuList(cpus ?? '') ?? [];
    return one.isDeliveredAsBefore();
  };
  assert.equal([goes('0'), goes('0-1'), goes(undefined)], [true, false, false]);
  one.record({ ...BORN, effective: null });
  assert.equal([goes(undefined), goes('0')], [true, false]);
});

test('an INTx line that has become shared is not delivered as before', () => {
  const line = `vfio-intx(${A})`;
  const watched = (actions: string) => {
    const texts = { '/proc/irq/16/smp_affinity': 'ff\n', '/sys/kernel/irq/16/actions': `${actions}\n` };
    return new InterruptState(new FixedFiles(texts), 16, line).isDeliveredAsBefore();
  };
  assert.equal(
    [watched(line), watched(`${line},ehci_hcd`), watched('ehci_hcd'), watched('')],
    [true, false, false, false],
  );
});

test('an unreadable effective affinity counts as a change, except without a VFIO handler', () => {
  const path = (irq: number) => `/proc/irq/${irq}/effective_affinity`;
  const unreadable = [41, 42].map((irq) => [path(irq), new FileError('EACCES', path(irq))] as const);
  const files = new FixedFiles(Object.fromEntries(unreadable));
  assert.is(new InterruptState(files, 41, HANDLER).isDeliveredAsBefore(), false);
  assert.is(new InterruptState(files, 42, undefined).isDeliveredAsBefore(), true);
});

test.run();
