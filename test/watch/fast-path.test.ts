import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import { DeviceState } from '../../src/watch/device-state.js';
import { placeOnFastPath } from '../../src/watch/fast-path.js';
import { A, B, hostOf, setOf } from '../affinity/simulated-pass.js';
import type { DeviceDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const test = suite('what the kernel names is placed ahead');
const OURS = `vfio-msix[0](${A})`;
const WANTED = setOf('2-3');

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
  device.target = cpus ?? undefined;
  if (placedOn) device.stateOf({ irq: 41, handlers: before, affinity: setOf('0-7') }).placedOn = WANTED;
  if (code) kernel.failNextWrites(41, code);
  const { outcome } = placeOnFastPath(files, device, { irq: 41, handlers: told, tries, seenAt: 0 }, () => 3);
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

/** A device that has these vectors; names the first, and says what came of it and what was written. */
function nameFirst(
  irqs: number[],
  { files: before, known = [] }: { files?: (kernel: SimulatedKernel) => SimulatedFs; known?: number[] } = {},
) {
  const kernel = hostOf([
    { address: A, driver: 'vfio-pci' },
    { address: B, driver: 'vfio-pci' },
  ] as DeviceDescription[]);
  kernel.enableVectors(A, irqs);
  const files = before?.(kernel) ?? new SimulatedFs(kernel);
  const device = new DeviceState(files, A as PciAddress);
  device.target = WANTED;
  for (const irq of known) device.stateWith(irq, `vfio-msix[${irqs.indexOf(irq)}](${A})`).placedOn = WANTED;
  const ahead = placeOnFastPath(
    files,
    device,
    { irq: irqs[0] as number, handlers: [OURS], tries: 0, seenAt: 0 },
    () => 3,
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

test('those that came with it are placed with it, whatever their numbers', () => {
  const { ahead, written } = nameFirst([41, 42, 55]);
  assert.equal(ahead, { outcome: 'written', placed: [41, 42, 55], writes: 3 });
  assert.equal(written, [41, 42, 55]);
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
