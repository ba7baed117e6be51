import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import type { PciAddress } from '../../src/domain/address.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { DeviceState } from '../../src/watch/device-state.js';
import { OutcomeRecorder } from '../../src/watch/outcome-recorder.js';
import { emptyResult } from '../../src/watch/result.js';
import { A, guest, hostdev, hostOf, setOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { MemoryStates } from './reconciled-host.js';

const test = suite('outcome of a pass for one interrupt');
const HANDLER = `vfio-msix[0](${A})`;
const WANTED = setOf('2-3');
const LIMITS = { limit: 1, window: 1000 };
const NEVER = Number.POSITIVE_INFINITY;
const definition = guest(hostdev(A, '2-3'));

/** Interrupt 41 of a device at time 5000. */
class Recorded {
  readonly kernel = hostOf([vfio(A, 41)]);
  /** The error to throw when a path that ends with `path` is read. */
  broken: { path: string; error: Error } | undefined;
  readonly files = new SimulatedFs(this.kernel, (_, path) => {
    if (this.broken && path.endsWith(this.broken.path)) throw this.broken.error;
  });
  readonly device = new DeviceState(this.files, A as PciAddress);
  readonly state = this.device.stateWith(41, HANDLER);
  readonly recorder = new OutcomeRecorder({ files: this.files, state: new MemoryStates(), clock: { now: () => 5010 } });
  result = emptyResult();

  reasonToLeave(target: Cpuset | null = WANTED, now = 5000): string | undefined {
    return this.recorder.reasonToLeave(this.state, interrupt({ target }), now, LIMITS)?.code;
  }

  /** What is reported of it. */
  record(
    before: Partial<InterruptPlan>,
    after: Partial<InterruptPlan>,
    { seenAt, isRunning = true }: { seenAt?: number; isRunning?: boolean } = {},
  ) {
    this.result = emptyResult();
    const [planned, applied] = [before, after].map(
      (one) => ({ address: A, interrupts: [interrupt(one)] }) as unknown as DevicePlan,
    ) as [DevicePlan, DevicePlan];
    const context = { now: 5000, result: this.result, seenAt: () => seenAt };
    this.recorder.recordDevice({ device: this.device, planned, applied, isRunning }, definition, context);
    const [changed] = this.result.changed;
    if (!changed) return undefined;
    const { kind, lagMs, reason, error, culprit } = changed;
    return JSON.parse(JSON.stringify({ kind, lagMs, reason, error, culprit }));
  }
}

function interrupt(more: Partial<InterruptPlan>): InterruptPlan {
  const values = { affinity: setOf('0-7'), effective: null, wanted: WANTED, target: WANTED, vcpu: null };
  const posting = { state: 'unknown', vcpu: null } as const;
  return {
    irq: 41,
    type: 'msix',
    vector: 0,
    handlers: [HANDLER],
    action: 'set',
    ...values,
    posting,
    reason: null,
    error: null,
    counts: {},
    ...more,
  };
}

const set = { action: 'set' } as const;
const failed = (error: string) => ({ action: 'fail', reason: { code: 'write-error', error }, error }) as const;

test('an interrupt that has its target counts as placed, and its failures are cleared', () => {
  const one = new Recorded();
  one.state.retry.failed(WANTED, 'EBUSY', 'transient', 5000);
  one.device.retryAt = 6000;
  assert.is(one.record({ action: 'keep' }, { action: 'keep' }), undefined);
  assert.equal([one.state.placedOn, one.state.retry.retryAt, one.device.retryAt], [WANTED, 0, NEVER]);
});

test('a written interrupt is reported as placed with all its fields and its lag', () => {
  const one = new Recorded();
  assert.equal(one.record(set, { ...set, affinity: WANTED }, { seenAt: 5003 }), { kind: 'placed', lagMs: 7 });
  const { kind, lagMs, ...rest } = one.result.changed[0] ?? {};
  const place = { domain: 'guest', uuid: UUID, address: A, irq: 41, vector: 0, handler: HANDLER };
  assert.equal(rest, { ...place, from: setOf('0-7'), to: WANTED, target: WANTED });
  assert.equal([one.state.placedOn, one.device.retryAt], [WANTED, NEVER]);
});

test('the lag counts from the event, else from the last check; a write on the fast path keeps its own', () => {
  const lag = (prepare: (one: Recorded) => void, seenAt?: number) => {
    const one = new Recorded();
    prepare(one);
    return one.record(set, set, seenAt === undefined ? {} : { seenAt })?.lagMs;
  };
  const checked = ({ device }: Recorded) => {
    device.checkedAt = 5000;
  };
  assert.equal([lag(() => {}), lag(checked), lag(checked, 5006), lag(() => {}, 6000)], [undefined, 10, 4, 0]);
  const fast = ({ state }: Recorded) => {
    state.fastPathWrite = { from: setOf('0-7'), to: WANTED, lagMs: 2 };
  };
  assert.is(lag(fast, 5006), 2);
  assert.is(
    lag(({ state }) => void state.retry.failed(WANTED, 'ENOSPC', 'exhausted', 1), 5006),
    undefined,
    'it was there all the time',
  );
  assert.is(
    lag(({ state }) => {
      state.placedOn = setOf('4');
    }, 5006),
    undefined,
    'its set is new',
  );
});

test('an interrupt that had its target before is repaired, and its failures and fast path write are cleared', () => {
  const one = new Recorded();
  one.state.placedOn = WANTED;
  one.state.fastPathWrite = { from: setOf('0-7'), to: WANTED, lagMs: 2 };
  one.state.retry.failed(WANTED, 'EBUSY', 'transient', 5000);
  assert.equal(one.record(set, set, { seenAt: 5000 }), { kind: 'repaired' });
  assert.equal([one.state.fastPathWrite, one.state.retry.retryAt], [undefined, 0]);
});

test('a failure is reported once, counted by kind, and retried', () => {
  const one = new Recorded();
  one.state.placedOn = WANTED;
  const reason = { code: 'write-error', error: 'ENOSPC' };
  assert.equal(one.record(set, failed('ENOSPC')), { kind: 'failed', reason, error: 'ENOSPC' });
  assert.equal([one.state.placedOn, one.device.retryAt, one.result.errors.exhausted], [undefined, 6000, 1]);
  assert.is(one.record(set, failed('ENOSPC')), undefined);
  assert.equal([one.device.retryAt, one.result.errors.exhausted], [7000, 1]);
});

test('a transient error is reported after five tries; others count as impossible', () => {
  for (const [code, kind] of [
    ['EBUSY', 'transient'],
    ['EINVAL', 'impossible'],
  ] as const) {
    const one = new Recorded();
    const reports = Array.from({ length: 6 }, () => one.record(set, failed(code))?.kind);
    assert.equal(reports, [undefined, undefined, undefined, undefined, 'failed', undefined], code);
    assert.is(one.result.errors[kind], 1);
  }
});

test('a failed read is reported at once', () => {
  const one = new Recorded();
  const reason = { code: 'unreadable', path: '/proc/irq/41/smp_affinity' } as const;
  const after = { action: 'fail', reason, error: 'EIO' } as const;
  assert.equal(one.record({ action: 'fail' }, after), { kind: 'failed', reason, error: 'EIO' });
  assert.equal([one.result.errors.impossible, one.device.retryAt], [1, 305_000]);
});

test('an interrupt delivered elsewhere is retried only if its mask was to be written', () => {
  const reason = { code: 'not-moved', effective: setOf('7') } as const;
  const after = { action: 'fail', reason } as const;
  const one = new Recorded();
  assert.equal(one.record({ action: 'fail' }, after)?.kind, 'failed');
  assert.equal([one.result.errors.exhausted, one.device.retryAt], [1, NEVER]);
  assert.not.ok('error' in (one.result.changed[0] ?? {}));
  const other = new Recorded();
  assert.equal(Object.keys(other.record(set, { action: 'fail' })), ['kind'], 'without a reason');
  assert.is(other.device.retryAt, 6000);
});

test('a skipped interrupt is not placed; without a QEMU a planned write changes nothing', () => {
  const one = new Recorded();
  one.state.placedOn = WANTED;
  assert.is(one.record(set, { action: 'skip' }, { isRunning: false }), undefined);
  assert.equal([one.state.placedOn, one.device.retryAt], [WANTED, NEVER]);
  assert.is(one.record({ action: 'skip' }, { action: 'skip' }, { isRunning: false }), undefined);
  assert.equal([one.state.placedOn, one.device.retryAt, one.result.errors.gone], [undefined, NEVER, 0]);
});

test('an interrupt that disappeared during the pass is retried soon and counted once', () => {
  const one = new Recorded();
  one.state.placedOn = WANTED;
  assert.is(one.record(set, { action: 'skip', reason: { code: 'gone' } }), undefined);
  assert.equal([one.state.placedOn, one.device.retryAt, one.result.errors.gone], [undefined, 5010, 1]);
  assert.is(one.reasonToLeave(), 'retry-later');
  assert.is(one.record(set, { action: 'skip', reason: { code: 'retry-later' } }), undefined);
  assert.equal([one.device.retryAt, one.result.errors.gone], [5010, 0]);
});

test('the earliest retry of a device counts', () => {
  const one = new Recorded();
  const plan = (...interrupts: InterruptPlan[]) => ({ address: A, interrupts }) as unknown as DevicePlan;
  const both = [interrupt({}), interrupt({ irq: 42, handlers: [] })];
  const after = [interrupt(failed('ENOSPC')), interrupt({ irq: 42, handlers: [], ...failed('EBUSY') })];
  const context = { now: 5000, result: emptyResult(), seenAt: () => undefined };
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const [planned, applied] = [both, after].map((list) => plan(...order.map((at) => list[at] as InterruptPlan)));
    const { device } = new Recorded();
    one.recorder.recordDevice({ device, planned, applied, isRunning: true } as never, definition, context);
    assert.is(device.retryAt, 5010);
  }
  assert.equal(context.result.changed[0]?.handler, HANDLER);
});

test('after a failure the same set waits; another set does not', () => {
  const one = new Recorded();
  one.state.retry.failed(WANTED, 'ENOSPC', 'exhausted', 5000);
  assert.equal(
    [one.reasonToLeave(), one.reasonToLeave(setOf('4')), one.reasonToLeave(WANTED, 6000)],
    ['retry-later', undefined, undefined],
  );
});

test('repairs beyond the limit pause, and are reported once with the probable mover', () => {
  const one = new Recorded();
  for (let time = 0; time < 3; time++) assert.is(one.reasonToLeave(), undefined, 'a new set is no repair');
  one.state.placedOn = WANTED;
  assert.equal([one.reasonToLeave(), one.reasonToLeave()], [undefined, 'contested']);
  const skipped = { action: 'skip', reason: { code: 'contested' } } as const;
  assert.equal(one.record(set, skipped), { kind: 'contested', culprit: 'not irqbalance' });
  assert.equal([one.state.placedOn, one.device.retryAt, one.result.errors.gone], [WANTED, 6000, 0]);
  assert.is(one.reasonToLeave(), 'contested');
  assert.is(one.record(set, skipped), undefined);
  assert.is(one.device.retryAt, 6000);
  assert.is(one.reasonToLeave(setOf('4')), undefined);
  assert.is(one.state.repairDecision, undefined, 'of another set nothing was decided');
});

test('irqbalance is named as the mover, and its end is reported once; if unreadable, the mover is unknown', () => {
  const contest = (one: Recorded) => {
    one.state.repairDecision = 'contested';
    return one.record(set, { action: 'skip' })?.culprit;
  };
  const one = new Recorded();
  one.kernel.processes.others.set(9, { pid: 9, command: 'irqbalance' });
  assert.equal([contest(one), one.recorder.hasMoverEnded()], [{ irqbalancePid: 9 }, false]);
  one.broken = { path: '/proc/9/comm', error: new FileError('EIO', '/proc/9/comm') };
  assert.equal([contest(one), one.recorder.hasMoverEnded()], ['unknown', false]);
  one.broken.error = new RangeError('a bug');
  assert.throws(() => contest(one), 'a bug');
  assert.throws(() => one.recorder.hasMoverEnded(), 'a bug');
  one.broken = undefined;
  one.kernel.processes.others.delete(9);
  assert.equal([one.recorder.hasMoverEnded(), one.recorder.hasMoverEnded()], [true, false]);
});

test('an interrupt that waits for both parts of its set goes on waiting for both', () => {
  const one = new Recorded();
  const [target, rest] = [setOf('2'), setOf('3')];
  one.state.retry.failed(target, 'ENOSPC', 'exhausted', 4990);
  one.state.restRetry.failed(rest, 'EBUSY', 'transient', 4995);
  const waiting = { action: 'skip', target, reason: { code: 'retry-later' } } as const;
  assert.is(one.record({ ...set, target }, waiting), undefined);
  assert.equal([one.state.restRetry.mustWait(rest, 5000), one.device.retryAt], [true, 5005]);
  assert.is(one.record({ ...set, target }, { ...waiting, reason: { code: 'gone' } }), undefined);
  assert.is(one.state.restRetry.mustWait(rest, 5000), false, 'the next vector has not failed');
});

test.run();
