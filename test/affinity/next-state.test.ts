import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AffinityWrite } from '../../src/affinity/apply-plan.js';
import { withoutRenewed } from '../../src/affinity/continuity.js';
import type { DomainPlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import { earlierWrites, NO_WRITES } from '../../src/affinity/earlier-writes.js';
import { MovedLines, readLineInputs } from '../../src/affinity/moved-lines.js';
import { nextState, withLinesOf } from '../../src/affinity/next-state.js';
import { addressOf, handlerOf, irqOf, vectorKey } from '../../src/affinity/vector-key.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import type { DomainState, MovedLine } from '../../src/runtime/domain-state.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { A, B, C, guest, hostdev, hostOf, setOf } from './simulated-pass.js';

const test = suite('state after a pass');
const definition = guest(hostdev(A, '2-3'));
const keyOf = (irq: number, address = A) => vectorKey(address, irq, `vfio-msix[0](${address})`);
const NO_INPUTS = new Map<number, string>();

function vector(more: Partial<InterruptPlan> = {}, address = A): InterruptPlan {
  const handlers = [`vfio-msix[0](${address})`];
  const set = setOf('2-3');
  const values = { affinity: set, effective: null, wanted: set, target: set, vcpu: null };
  const posting = { state: 'unknown', vcpu: null } as const;
  return {
    irq: 41,
    type: 'msix',
    vector: 0,
    handlers,
    action: 'keep',
    ...values,
    posting,
    reason: null,
    error: null,
    counts: {},
    ...more,
  };
}

const line = (more: Partial<InterruptPlan> = {}) =>
  vector({ irq: 16, type: 'intx', vector: null, handlers: [`vfio-intx(${A})`], affinity: setOf('0-5'), ...more });

const planOf = (interrupts: InterruptPlan[], isUnreadable = false) =>
  ({ devices: [{ address: A, isUnreadable, interrupts }] }) as unknown as DomainPlan;

function state(more: Partial<DomainState> = {}): DomainState {
  return { schemaVersion: 1, name: 'guest', written: {}, lines: [], ...more };
}

function write(more: Partial<AffinityWrite> = {}): AffinityWrite {
  const sets = { before: setOf('0-7'), cpus: setOf('2-3'), after: setOf('2-3') };
  return { key: keyOf(41), irq: 41, vector: 0, ...sets, isEarlier: false, hasGone: false, ...more };
}

const after = (before: DomainState | undefined, interrupts: InterruptPlan[], writes: AffinityWrite[] = []) =>
  nextState(definition, before, planOf(interrupts), writes, NO_INPUTS);

test('a pass over some devices keeps the state of the others, and drops its own vectors that are gone', () => {
  const others = {
    written: { [keyOf(43, B)]: '4-5' },
    narrowed: { [keyOf(43, B)]: '4' },
    pending: { [keyOf(43, B)]: '0' },
  };
  const before = state({
    written: { ...others.written, [keyOf(41)]: '2-3', [keyOf(42)]: '2-3' },
    narrowed: { ...others.narrowed, [keyOf(42)]: '3' },
    pending: { ...others.pending, [keyOf(42)]: '0' },
  });
  const next = nextState(definition, before, planOf([vector()]), [], NO_INPUTS, new Set([A]));
  assert.equal(next, state({ ...others, written: { ...others.written, [keyOf(41)]: '2-3' } }));
});

test('nothing is dropped of an unreadable device', () => {
  const before = state({ written: { [keyOf(41)]: '2-3' }, pending: { [keyOf(41)]: '0' } });
  assert.equal(nextState(definition, before, planOf([], true), [], NO_INPUTS), before);
});

test('the mask of a vector that the kernel narrowed is saved until it is wide again', () => {
  const before = state({ written: { [keyOf(41)]: '2-3' } });
  const narrowed = after(before, [vector({ affinity: setOf('3') })]);
  assert.equal(narrowed, { ...before, narrowed: { [keyOf(41)]: '3' } });
  assert.equal(after(narrowed, [vector()]), before);
});

test('a narrow mask of a vector that was not written is not saved', () => {
  assert.equal(after(undefined, [vector({ affinity: setOf('3') })]), state());
});

test('a mask outside the written set is not a narrowed one', () => {
  const written = { [keyOf(41)]: '2-3' };
  const fail = vector({ action: 'fail', affinity: setOf('6') });
  assert.equal(after(undefined, [fail], [write({ after: setOf('6') })]), state({ written }));
  assert.equal(
    after(undefined, [fail], [write({ after: setOf('3') })]),
    state({ written, narrowed: { [keyOf(41)]: '3' } }),
  );
});

test('a mask that differs from the saved set removes the saved set', () => {
  const before = state({ written: { [keyOf(41)]: '2-5' }, narrowed: { [keyOf(41)]: '2' } });
  assert.equal(after(before, [vector()]).written, {});
  assert.is(after(before, [vector()]).narrowed, undefined);
});

test('the saved state of a skipped or failed interrupt stays', () => {
  const before = state({ written: { [keyOf(41)]: '4' }, narrowed: { [keyOf(41)]: '4' } });
  for (const action of ['skip', 'fail'] as const) assert.equal(after(before, [vector({ action })]), before, action);
});

test('the pending delivery of a vector is saved until it is delivered elsewhere or written again', () => {
  const before = state({ written: { [keyOf(41)]: '2-3' }, pending: { [keyOf(41)]: '0' } });
  assert.equal(after(before, [vector({ effective: setOf('0') })]), before);
  assert.is(after(before, [vector({ effective: setOf('2') })]).pending, undefined);
  assert.is(after(before, [vector({ effective: null })]).pending, undefined, 'the kernel does not report it');
  const again = vector({ action: 'set', effective: setOf('0') });
  assert.is(after(before, [again], [write()]).pending, undefined);
  assert.equal(after(before, [again], [write({ pending: setOf('1') })]).pending, { [keyOf(41)]: '1' });
});

test('before a pass writes, only the lines that it will write are added to the state', () => {
  const before = state({ written: { [keyOf(41)]: '2-3' } });
  const add = (interrupts: InterruptPlan[], earlier: DomainState | undefined = before) =>
    withLinesOf(definition, earlier, planOf(interrupts), NO_INPUTS);
  assert.is(withLinesOf(definition, undefined, planOf([vector({ action: 'set' })]), NO_INPUTS), undefined);
  assert.is(add([vector({ action: 'set' }), line()]), before);
  const lines = [{ irq: 16, address: A, before: '0-5', cpus: '2-3' }];
  assert.equal(add([line({ action: 'set' })]), { ...before, lines });
  assert.equal(withLinesOf(definition, undefined, planOf([line({ action: 'set' })]), NO_INPUTS), state({ lines }));
});

test('until a line is written, the previous set counts as ours too, afterwards only the new one', () => {
  const known: MovedLine = { irq: 16, address: A, before: '0-5', cpus: '4-5' };
  const lines = new MovedLines(state({ lines: [known] }), NO_INPUTS);
  lines.aboutToMove({ irq: 16, address: A }, setOf('4'), setOf('2-3'));
  assert.equal(lines.all, [{ ...known, next: '2-3' }]);
  lines.moved({ irq: 16, address: A }, setOf('4'), setOf('2-3'));
  assert.equal(lines.all, [{ ...known, cpus: '2-3' }]);
  lines.aboutToMove({ irq: 16, address: A }, setOf('7'), setOf('2-3'));
  assert.equal(lines.all, [{ ...known, cpus: '2-3' }], 'it gets what it had');
});

test('where a pass was killed, the mask tells whether it wrote what it was about to write', () => {
  const killed: MovedLine = { irq: 16, address: A, before: '0-5', cpus: '4-5', next: '2-3' };
  for (const { mask, cpus } of [
    { mask: '4', cpus: '4-5' },
    { mask: '2', cpus: '2-3' },
    { mask: '3-4', cpus: '4-5' },
  ]) {
    const lines = new MovedLines(state({ lines: [killed] }), NO_INPUTS);
    lines.aboutToMove({ irq: 16, address: A }, setOf(mask), setOf('6-7'));
    assert.equal(lines.all, [{ ...killed, cpus, next: '6-7' }], mask);
  }
});

test('a line is identified by IRQ and input, without an input by its device', () => {
  const input = 'IO-APIC 16';
  const other: MovedLine = { irq: 17, address: A, input, before: '1', cpus: '4' };
  for (const [known, now, isSame] of [
    [{ address: A, input }, { address: B, input }, true],
    [{ address: A, input }, { address: A, input: 'IO-APIC 20' }, false],
    [{ address: A, input }, { address: A }, true],
    [{ address: A, input }, { address: B }, false],
    [{ address: A }, { address: A, input }, true],
    [{ address: A }, { address: B, input }, false],
    [{ address: A }, { address: A }, true],
  ] as const) {
    const { address, ...wired } = now;
    const inputs = new Map('input' in wired ? [[16, wired.input]] : []);
    const before = { irq: 16, ...known, before: '0-5', cpus: '4' };
    const lines = new MovedLines(state({ lines: [other, before] }), inputs);
    lines.moved({ irq: 16, address }, setOf('0-7'), setOf('2-3'));
    const moved = { irq: 16, address, ...wired, before: isSame ? '0-5' : '0-7', cpus: '2-3' };
    assert.equal(lines.all, isSame ? [other, moved] : [other, before, moved], JSON.stringify([known, now]));
  }
});

test('inputs are read only for lines that will be written, and may be unreadable', () => {
  const kernel = hostOf([{ address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }]);
  const read = (interrupts: InterruptPlan[], error?: Error) => {
    const files = new SimulatedFs(kernel, (_, path) => {
      if (error && path.endsWith('/hwirq')) throw error;
    });
    return [...readLineInputs(files, planOf(interrupts))];
  };
  assert.equal(read([line({ action: 'set' })]), [[16, 'IO-APIC 16']]);
  assert.equal(read([line(), vector({ irq: 16, action: 'set' })]), []);
  assert.equal(read([line({ action: 'set' })], new FileError('EIO', '/sys')), []);
  assert.throws(() => read([line({ action: 'set' })], new RangeError('a bug')), 'a bug');
});

test("a renewed vector's state is removed, that of the others stays", () => {
  const both = (text: string) => ({ [keyOf(41)]: text, [keyOf(43, B)]: text });
  const before = state({ written: both('2-3'), narrowed: both('3'), pending: both('0') });
  const one = (text: string) => ({ [keyOf(43, B)]: text });
  const renewed = withoutRenewed(before, (key) => (key === keyOf(41) ? 'renewed' : 'unknown'));
  assert.equal(renewed, state({ written: one('2-3'), narrowed: one('3'), pending: one('0') }));
  assert.is(
    withoutRenewed(before, () => 'same'),
    before,
  );
  const plain = state({ written: both('2-3') });
  assert.equal(
    withoutRenewed(plain, (key) => (key === keyOf(41) ? 'renewed' : 'same')),
    state({ written: one('2-3') }),
  );
});

test('a set in the state that is not a CPU list is ignored; without a watcher continuity is unknown', () => {
  const { written } = earlierWrites(state({ written: { [keyOf(41)]: '2-3', [keyOf(42)]: 'x' } }));
  assert.equal(
    [41, 42, 43].map((irq) => written.get(keyOf(irq))),
    [setOf('2-3'), undefined, undefined],
  );
  assert.is(written.get('constructor'), undefined);
  assert.is(NO_WRITES.continuityOf(keyOf(41)), 'unknown');
});

test('the key of a vector contains IRQ, handler and address', () => {
  const key = vectorKey(C, 41, `vfio-msix[0](${C})`);
  assert.equal([irqOf(key), handlerOf(key), addressOf(key)], [41, `vfio-msix[0](${C})`, C]);
});

test.run();
