import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { DeviceState } from '../../src/watch/device-state.js';
import { placeOnFastPath } from '../../src/watch/fast-path.js';
import { A, B, hostOf, setOf } from '../affinity/simulated-pass.js';
import type { DeviceDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const test = suite('fast path');
const OURS = `vfio-msix[0](${A})`;
const WANTED = setOf('2-3');
const HOST = { now: () => 3, isPosted: (_irq: number) => false };

/** Runs the fast path for interrupt 41 of a device. Returns the outcome and the number of writes. */
function runFastPath(
  { handlers = [OURS], driver = 'vfio-pci', type = 'msix' }: Partial<Shape>,
  {
    cpus = WANTED,
    eventHandlers = handlers,
    placedOn = false,
    before = handlers,
    code,
    tries = 0,
  }: {
    cpus?: Cpuset | null;
    eventHandlers?: string[];
    placedOn?: boolean;
    before?: string[];
    code?: string;
    tries?: number;
  } = {},
): [string, number] {
  const kernel = hostOf([{ address: A, driver, interrupts: [{ irq: 41, type, handlers }] } as DeviceDescription]);
  const files = new SimulatedFs(kernel);
  const device = new DeviceState(files, A as PciAddress);
  device.targets = cpus ? { cpus, spread: null, preferred: [] } : undefined;
  if (placedOn) device.stateOf({ irq: 41, handlers: before, affinity: setOf('0-7') }).placedOn = WANTED;
  if (code) kernel.failNextWrites(41, code);
  const { outcome } = placeOnFastPath(files, device, { irq: 41, handlers: eventHandlers, tries, seenAt: 0 }, HOST);
  return [outcome, kernel.writes.length];
}

interface Shape {
  handlers: string[];
  driver: string;
  type: 'msix' | 'intx';
}

test('a new vector of the device is written once', () => {
  assert.equal(runFastPath({}), ['written', 1]);
  assert.equal(runFastPath({}, { cpus: setOf('0-7') }), ['as wanted', 0]);
});

test("a vector that has the target but another device's handler is left to a full check and not recorded", () => {
  const foreign = [`vfio-msix[0](${B})`];
  assert.equal(runFastPath({ handlers: foreign }, { eventHandlers: [OURS], cpus: setOf('0-7') }), ['unclear', 0]);
  const { device } = runForFirst([41], { handlers: foreign });
  assert.is(device.interrupts.size, 0);
});

test('an IRQ whose handler changed is a new vector', () => {
  assert.equal(runFastPath({}, { placedOn: true, before: [`vfio-msix[1](${A})`] }), ['written', 1]);
});

test('ENOENT on write means absent; other errors are left to a full check, some after three tries', () => {
  assert.equal(runFastPath({}, { code: 'ENOENT' }), ['absent', 0]);
  assert.equal(runFastPath({}, { code: 'ENOSPC' }), ['unclear', 0]);
  for (const code of ['EIO', 'EINVAL', 'EBUSY']) {
    assert.equal(runFastPath({}, { code, tries: 2 }), ['absent', 0]);
    assert.equal(runFastPath({}, { code, tries: 3 }), ['unclear', 0], 'it stays');
  }
});

for (const [why, shape, more] of [
  ["another device's", { handlers: [`vfio-msix[0](${B})`] }, {}],
  ["the host's driver's", { handlers: ['nvme0q1'] }, {}],
  ['shared with another', { handlers: [OURS, 'snd_hda'] }, {}],
  ["on a device that is bound to the host's driver", { driver: 'nvme' }, {}],
  ['an INTx line, whose original affinity must be recorded first', { handlers: [`vfio-intx(${A})`], type: 'intx' }, {}],
  ['a vector that was placed before and may have been moved by another program', {}, { placedOn: true }],
  ['a vector of a device whose targets are unknown', {}, { cpus: null }],
  [
    'a vector that went to another device after the trace event',
    { handlers: [`vfio-msix[0](${B})`] },
    { eventHandlers: [OURS] },
  ],
] as [string, Partial<Shape>, { cpus?: null; eventHandlers?: string[]; placedOn?: boolean }][]) {
  test(`left to a full check: ${why}`, () => {
    assert.equal(runFastPath(shape, more), ['unclear', 0]);
  });
}

interface FirstVector {
  files?: (kernel: SimulatedKernel) => SimulatedFs;
  /** placed before */
  known?: number[];
  prepare?: (device: DeviceState, kernel: SimulatedKernel) => void;
  handlers?: string[];
  seenAt?: number;
  tries?: number;
  isPosted?: (irq: number) => boolean;
}

/** Runs the fast path for the first of a device's vectors. Returns the outcome and the writes. */
function runForFirst(
  irqs: number[],
  {
    files: before,
    known = [],
    prepare,
    handlers = [OURS],
    seenAt = 0,
    tries = 0,
    isPosted = HOST.isPosted,
  }: FirstVector = {},
) {
  const kernel = hostOf([
    { address: A, driver: 'vfio-pci' },
    { address: B, driver: 'vfio-pci' },
  ] as DeviceDescription[]);
  kernel.enableVectors(A, irqs);
  const files = before?.(kernel) ?? new SimulatedFs(kernel);
  const device = new DeviceState(files, A as PciAddress);
  device.targets = { cpus: WANTED, spread: null, preferred: [] };
  for (const irq of known) device.stateWith(irq, `vfio-msix[${irqs.indexOf(irq)}](${A})`).placedOn = WANTED;
  prepare?.(device, kernel);
  const result = placeOnFastPath(
    files,
    device,
    { irq: irqs[0] as number, handlers, tries, seenAt },
    { ...HOST, isPosted },
  );
  return { result, kernel, device, written: kernel.writes.map(({ irq }) => irq) };
}

test('a vector that disappears between the reads of its mask and its handlers is absent', () => {
  const { result, written } = runForFirst([41], {
    files: (kernel) => {
      let isDone = false;
      return new SimulatedFs(kernel, (operation, path) => {
        if (isDone || operation !== 'read' || path !== '/sys/kernel/irq/41/actions') return;
        isDone = true;
        kernel.disableVectors(A);
      });
    },
  });
  assert.equal([result.outcome, written], ['absent', []]);
});

test('vectors that appeared together are placed together and recorded, whatever their IRQs', () => {
  const paths = new Set<string>();
  const files = (kernel: SimulatedKernel) => new SimulatedFs(kernel, (_, path) => void paths.add(path));
  const { result, written, device } = runForFirst([41, 42, 55], { files });
  assert.equal(result, { outcome: 'written', placed: [41, 42, 55], writes: 3 });
  assert.equal(written, [41, 42, 55]);
  assert.not.ok([...paths].some((path) => path.includes('undefined')));
  for (const irq of [41, 42, 55]) {
    const state = device.interrupts.get(irq);
    assert.equal(state?.fastPathWrite, { from: setOf('0-7'), to: WANTED, lagMs: 3 });
    assert.is(state?.check(), 'same');
  }
});

test('vectors that have their target count as placed; a full check follows writes at once, otherwise later', () => {
  const placed = (...asWanted: number[]) => {
    const { result, device, written } = runForFirst([41, 42], {
      files: (kernel) => {
        for (const irq of asWanted) kernel.move(irq, WANTED);
        return new SimulatedFs(kernel);
      },
    });
    return [result.placed, written, device.due];
  };
  assert.equal(placed(41), [[41, 42], [42], 303]);
  assert.equal(placed(42), [[41, 42], [41], 303]);
  assert.equal(placed(41, 42), [[41, 42], [], 1003]);
  const absent = runForFirst([41], {
    files: (kernel) => {
      kernel.disableVectors(A);
      return new SimulatedFs(kernel);
    },
  });
  assert.equal([absent.result.outcome, absent.device.due], ['absent', Number.POSITIVE_INFINITY]);
});

test('a vector that KVM posts to a vCPU is not written with its batch, and does not end the batch', () => {
  const { result, written, device } = runForFirst([41, 42, 43], { isPosted: (irq) => irq === 42 });
  assert.equal(
    [result.placed, written],
    [
      [41, 43],
      [41, 43],
    ],
  );
  assert.not.ok(device.interrupts.has(42));
});

test('the lag is never negative', () => {
  const { device } = runForFirst([41], { seenAt: 5 });
  assert.is(device.interrupts.get(41)?.fastPathWrite?.lagMs, 0);
});

test('an unreadable file is left to a full check or retried; errors not caused by the host are thrown', () => {
  const failing = (broken: string, error: Error, tries = 0) =>
    runForFirst([41], {
      tries,
      files: (kernel) =>
        new SimulatedFs(kernel, (_, path) => {
          if (path.endsWith(broken)) throw error;
        }),
    });
  for (const [path, code, tries, outcome] of [
    ['/driver', 'EIO', 0, 'unclear'],
    ['/41/actions', 'EIO', 0, 'absent'],
    ['/41/actions', 'EIO', 3, 'unclear'],
    ['/41/actions', 'EACCES', 0, 'unclear'],
  ] as const) {
    const { result, written } = failing(path, new FileError(code, path), tries);
    assert.equal([result.outcome, result.placed, written], [outcome, [], []]);
    assert.throws(() => failing(path, new RangeError('a bug')), 'a bug');
  }
});

test('a batch ends at a vector that is known and unchanged, and keeps its state; renewed vectors are placed', () => {
  const kept = runForFirst([41, 42, 43], { known: [42] });
  assert.equal(kept.device.interrupts.get(42)?.placedOn, WANTED);
  const start = (prepare: (device: DeviceState, kernel: SimulatedKernel) => void) =>
    runForFirst([41, 42, 43], { prepare }).written;
  const handlerOf = (vector: number) => `vfio-msix[${vector}](${A})`;
  assert.equal(
    start((device) => void device.stateWith(42, handlerOf(7))),
    [41],
    'another vector had the number',
  );
  const known = (device: DeviceState) => {
    const state = device.stateWith(42, handlerOf(1));
    state.record({ affinity: setOf('0-7'), handlers: [handlerOf(1)] });
    return state;
  };
  assert.equal(start(known), [41], 'it is as it was');
  const renewed = start((device, kernel) => {
    known(device).placedOn = WANTED;
    kernel.enableVectors(A, [41, 42, 43]);
  });
  assert.equal(renewed, [41, 42, 43]);
});

test('a batch ends at a vector that is known, or has no handler yet', () => {
  const unchanged = runForFirst([41, 42, 43], { known: [42] });
  assert.equal(unchanged.written, [41]);
  const phantom = runForFirst([41, 42, 43], {
    files: (kernel) => {
      kernel.enableVectors(A, [41, 42, 43], 'msix', 1);
      return new SimulatedFs(kernel);
    },
  });
  assert.equal(phantom.result, { outcome: 'written', placed: [41], writes: 1 });
  assert.equal([...phantom.device.interrupts.keys()], [41], 'nothing is kept of what was absent');
});

test('if IRQs are not in the order of the vectors, only the first is placed', () => {
  assert.equal(runForFirst([41, 60, 50]).written, [41], 'the next number is another vector than was expected');
});

test('a vector that is renewed during the writes of the batch is written again', () => {
  const { result, kernel, written } = runForFirst([41, 42], {
    files: (kernel) => {
      let isDone = false;
      return new SimulatedFs(kernel, (operation, path) => {
        if (isDone || operation !== 'write' || path !== '/proc/irq/42/smp_affinity') return;
        isDone = true;
        kernel.enableVectors(A, [41, 42]);
      });
    },
  });
  // 42 was another vector by the time of its write.
  assert.equal([written, result], [[41, 41], { outcome: 'written', placed: [41], writes: 2 }]);
  assert.equal(kernel.interrupts.get(42)?.affinity, kernel.possible, 'its own word is still to come');
});

test('a vector of another device under the next IRQ is not written', () => {
  const { written } = runForFirst([41, 42], {
    files: (kernel) => {
      let isDone = false;
      return new SimulatedFs(kernel, (operation, path) => {
        if (isDone || operation !== 'read' || path !== '/proc/irq/42/smp_affinity') return;
        isDone = true;
        kernel.enableVectors(A, [41]);
        kernel.enableVectors(B, [42]);
      });
    },
  });
  assert.equal(written, [41, 41]);
});

test.run();
