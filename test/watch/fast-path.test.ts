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

const test = suite('what the kernel names is placed ahead');
const OURS = `vfio-msix[0](${A})`;
const WANTED = setOf('2-3');
const HOST = { now: () => 3, isPosted: (_irq: number) => false };

/** Names interrupt 41 of a device; what came of it, and how many masks were written. */
function name(
  { handlers = [OURS], driver = 'vfio-pci', type = 'msix' }: Partial<Shape>,
  {
    cpus = WANTED,
    told = handlers,
    placedOn = false,
    before = handlers,
    code,
    tries = 0,
  }: {
    cpus?: Cpuset | null;
    told?: string[];
    placedOn?: boolean;
    before?: string[];
    code?: string;
    tries?: number;
  } = {},
): [string, number] {
  const kernel = hostOf([{ address: A, driver, interrupts: [{ irq: 41, type, handlers }] } as DeviceDescription]);
  const files = new SimulatedFs(kernel);
  const device = new DeviceState(files, A as PciAddress);
  device.targets = cpus ? { cpus, spread: null } : undefined;
  if (placedOn) device.stateOf({ irq: 41, handlers: before, affinity: setOf('0-7') }).placedOn = WANTED;
  if (code) kernel.failNextWrites(41, code);
  const { outcome } = placeOnFastPath(files, device, { irq: 41, handlers: told, tries, seenAt: 0 }, HOST);
  return [outcome, kernel.writes.length];
}

interface Shape {
  handlers: string[];
  driver: string;
  type: 'msix' | 'intx';
}

test('a new vector of the device is written, once', () => {
  assert.equal(name({}), ['written', 1]);
  assert.equal(name({}, { cpus: setOf('0-7') }), ['as wanted', 0]);
});

test('one that is as wanted and not the device’s any more is left to a full check, and not recorded', () => {
  const foreign = [`vfio-msix[0](${B})`];
  assert.equal(name({ handlers: foreign }, { told: [OURS], cpus: setOf('0-7') }), ['unclear', 0]);
  const { device } = nameFirst([41], { handlers: foreign });
  assert.is(device.interrupts.size, 0);
});

test('a number that was another vector a moment ago is new', () => {
  assert.equal(name({}, { placedOn: true, before: [`vfio-msix[1](${A})`] }), ['written', 1]);
});

test('what goes under the write is waited for; of any other error a close look makes something', () => {
  assert.equal(name({}, { code: 'ENOENT' }), ['absent', 0]);
  assert.equal(name({}, { code: 'ENOSPC' }), ['unclear', 0]);
  for (const code of ['EIO', 'EINVAL', 'EBUSY']) {
    assert.equal(name({}, { code, tries: 2 }), ['absent', 0]);
    assert.equal(name({}, { code, tries: 3 }), ['unclear', 0], 'it stays');
  }
});

for (const [why, shape, more] of [
  ["another device's", { handlers: [`vfio-msix[0](${B})`] }, {}],
  ["the host's driver's", { handlers: ['nvme0q1'] }, {}],
  ['shared with another', { handlers: [OURS, 'snd_hda'] }, {}],
  ["on a device that is bound to the host's driver", { driver: 'nvme' }, {}],
  ['a legacy line, of which what it had is noted first', { handlers: [`vfio-intx(${A})`], type: 'intx' }, {}],
  ['one that was placed before, and that somebody may have moved', {}, { placedOn: true }],
  ['of a device whose set may not be taken for granted', {}, { cpus: null }],
  ["another device's since the kernel named it", { handlers: [`vfio-msix[0](${B})`] }, { told: [OURS] }],
] as [string, Partial<Shape>, { cpus?: null; told?: string[]; placedOn?: boolean }][]) {
  test(`${why}: left to a close look`, () => {
    assert.equal(name(shape, more), ['unclear', 0]);
  });
}

interface NamedFirst {
  files?: (kernel: SimulatedKernel) => SimulatedFs;
  /** placed before */
  known?: number[];
  prepare?: (device: DeviceState, kernel: SimulatedKernel) => void;
  handlers?: string[];
  seenAt?: number;
  tries?: number;
  isPosted?: (irq: number) => boolean;
}

/** A device that has these vectors; names the first, and says what came of it and what was written. */
function nameFirst(
  irqs: number[],
  {
    files: before,
    known = [],
    prepare,
    handlers = [OURS],
    seenAt = 0,
    tries = 0,
    isPosted = HOST.isPosted,
  }: NamedFirst = {},
) {
  const kernel = hostOf([
    { address: A, driver: 'vfio-pci' },
    { address: B, driver: 'vfio-pci' },
  ] as DeviceDescription[]);
  kernel.enableVectors(A, irqs);
  const files = before?.(kernel) ?? new SimulatedFs(kernel);
  const device = new DeviceState(files, A as PciAddress);
  device.targets = { cpus: WANTED, spread: null };
  for (const irq of known) device.stateWith(irq, `vfio-msix[${irqs.indexOf(irq)}](${A})`).placedOn = WANTED;
  prepare?.(device, kernel);
  const ahead = placeOnFastPath(
    files,
    device,
    { irq: irqs[0] as number, handlers, tries, seenAt },
    { ...HOST, isPosted },
  );
  return { ahead, kernel, device, written: kernel.writes.map(({ irq }) => irq) };
}

test('one that goes between the reading of its mask and of its handlers is waited for', () => {
  const { ahead, written } = nameFirst([41], {
    files: (kernel) => {
      let isDone = false;
      return new SimulatedFs(kernel, (operation, path) => {
        if (isDone || operation !== 'read' || path !== '/sys/kernel/irq/41/actions') return;
        isDone = true;
        kernel.disableVectors(A);
      });
    },
  });
  assert.equal([ahead.outcome, written], ['absent', []]);
});

test('those that came with it are placed with it, whatever their numbers, and recorded', () => {
  const paths = new Set<string>();
  const files = (kernel: SimulatedKernel) => new SimulatedFs(kernel, (_, path) => void paths.add(path));
  const { ahead, written, device } = nameFirst([41, 42, 55], { files });
  assert.equal(ahead, { outcome: 'written', placed: [41, 42, 55], writes: 3 });
  assert.equal(written, [41, 42, 55]);
  assert.not.ok([...paths].some((path) => path.includes('undefined')));
  for (const irq of [41, 42, 55]) {
    const state = device.interrupts.get(irq);
    assert.equal(state?.fastPathWrite, { from: setOf('0-7'), to: WANTED, lagMs: 3 });
    assert.is(state?.check(), 'same');
  }
});

test('those that are as wanted are placed with it, too; a full check follows writes at once, else later', () => {
  const placed = (...asWanted: number[]) => {
    const { ahead, device, written } = nameFirst([41, 42], {
      files: (kernel) => {
        for (const irq of asWanted) kernel.move(irq, WANTED);
        return new SimulatedFs(kernel);
      },
    });
    return [ahead.placed, written, device.due];
  };
  assert.equal(placed(41), [[41, 42], [42], 303]);
  assert.equal(placed(42), [[41, 42], [41], 303]);
  assert.equal(placed(41, 42), [[41, 42], [], 1003]);
  const absent = nameFirst([41], {
    files: (kernel) => {
      kernel.disableVectors(A);
      return new SimulatedFs(kernel);
    },
  });
  assert.equal([absent.ahead.outcome, absent.device.due], ['absent', Number.POSITIVE_INFINITY]);
});

test('one that is posted to a vCPU is not written with those that came with it, and does not keep the next ones', () => {
  const { ahead, written, device } = nameFirst([41, 42, 43], { isPosted: (irq) => irq === 42 });
  assert.equal(
    [ahead.placed, written],
    [
      [41, 43],
      [41, 43],
    ],
  );
  assert.not.ok(device.interrupts.has(42));
});

test('its lag is not negative', () => {
  const { device } = nameFirst([41], { seenAt: 5 });
  assert.is(device.interrupts.get(41)?.fastPathWrite?.lagMs, 0);
});

test('a file that cannot be read: left to a full check, or tried again; an error that is not of the host is thrown', () => {
  const failing = (broken: string, error: Error, tries = 0) =>
    nameFirst([41], {
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
    const { ahead, written } = failing(path, new FileError(code, path), tries);
    assert.equal([ahead.outcome, ahead.placed, written], [outcome, [], []]);
    assert.throws(() => failing(path, new RangeError('a bug')), 'a bug');
  }
});

test('what is known of the following vectors stays, and ends the batch unless they were renewed', () => {
  const kept = nameFirst([41, 42, 43], { known: [42] });
  assert.equal(kept.device.interrupts.get(42)?.placedOn, WANTED);
  const start = (prepare: (device: DeviceState, kernel: SimulatedKernel) => void) =>
    nameFirst([41, 42, 43], { prepare }).written;
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

test('up to one that is known, or is no vector yet', () => {
  const unchanged = nameFirst([41, 42, 43], { known: [42] });
  assert.equal(unchanged.written, [41]);
  const phantom = nameFirst([41, 42, 43], {
    files: (kernel) => {
      kernel.enableVectors(A, [41, 42, 43], 'msix', 1);
      return new SimulatedFs(kernel);
    },
  });
  assert.equal(phantom.ahead, { outcome: 'written', placed: [41], writes: 1 });
  assert.equal([...phantom.device.interrupts.keys()], [41], 'nothing is kept of what was absent');
});

test('of numbers that are not in the order of the vectors, the first alone', () => {
  assert.equal(nameFirst([41, 60, 50]).written, [41], 'the next number is another vector than was expected');
});

test('what goes and comes back while the others are written is written again', () => {
  const { ahead, kernel, written } = nameFirst([41, 42], {
    files: (kernel) => {
      let isDone = false;
      return new SimulatedFs(kernel, (operation, path) => {
        if (isDone || operation !== 'write' || path !== '/proc/irq/42/smp_affinity') return;
        isDone = true;
        kernel.enableVectors(A, [41, 42]);
      });
    },
  });
  // 42 was another one by the time of its write
  assert.equal([written, ahead], [[41, 41], { outcome: 'written', placed: [41], writes: 2 }]);
  assert.equal(kernel.interrupts.get(42)?.affinity, kernel.possible, 'its own word is still to come');
});

test('a vector of another device under the next number is left alone', () => {
  const { written } = nameFirst([41, 42], {
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
