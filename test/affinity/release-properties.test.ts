import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OriginalAffinities } from '../../src/affinity/original-affinities.js';
import { releaseDomain } from '../../src/affinity/release.js';
import { type Cpuset, formatCpuset } from '../../src/domain/cpuset.js';
import { StateStore } from '../../src/runtime/state-store.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import type { SimulatedInterrupt } from '../simulator/vector-allocator.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { A, B, C, guest, hostdev, Simulated, setOf, UUID } from './simulated-pass.js';

const properties = suite('properties of release and restore');
const folder = new TemporaryFolder();
properties.after(() => folder.remove());

const GUESTS_DEVICES = [A, B];
/** A device of the host that takes free IRQs. */
const HOSTS_DEVICE = '0000:0a:00.0';
const SETS = ['2-3', '2', '2-5'];

/** An event on the host; it is ignored if it is impossible at that moment. */
const step = fc.record({
  kind: fc.constantFrom(
    // Most frequent: the events that lead to a line that is moved, lost to another device, and then released.
    ...(['start', 'start', 'pass', 'pass', 'pass', 'end', 'end', 'recycle', 'recycle', 'recycle'] as const),
    ...(['release', 'release', 'release', 'restore', 'restore', 'vectors', 'reset', 'unplug', 'plug'] as const),
    ...(['free', 'bind', 'leave', 'join', 'move', 'otherGuest', 'forgetful'] as const),
  ),
  device: fc.nat(1),
  choice: fc.nat(5),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/**
 * A host on which one guest and others start and end. It records what was written for which interrupt, whatever IRQ
 * that has.
 */
class History {
  readonly kernel = new SimulatedKernel({
    cpus: { present: '0-7' },
    devices: [
      ...GUESTS_DEVICES.map((address, index) => ({
        address,
        driver: 'nvme',
        interrupts: [{ irq: 16 + index, type: 'intx' as const, handlers: [] }],
      })),
      { address: C, driver: 'nvme', interrupts: [{ irq: 18, type: 'intx', handlers: [] }] },
      { address: HOSTS_DEVICE, driver: 'megasas' },
    ],
  });
  readonly #pass: Simulated;
  #affinities: OriginalAffinities;
  /** devices that the guest has */
  readonly #passed = new Set<string>();
  #running = false;
  /** the masks before each of our writes, by identityOf() */
  readonly #placed = new Map<string, Set<string>>();
  restored = 0;

  constructor(readonly root: string) {
    this.#pass = new Simulated(this.kernel, root, { files: new SimulatedFs(this.kernel) });
    this.#affinities = new OriginalAffinities(root);
  }

  take({ kind, device, choice }: Step): void {
    this.#steps[kind](GUESTS_DEVICES[device] as string, choice);
  }

  readonly #steps: Record<Step['kind'], (address: string, choice: number) => void> = {
    start: () => {
      if (this.#running) return;
      this.#running = true;
      const vcpus = [{ vcpu: 0, cpus: '2-3' }];
      this.kernel.processes.start({ name: 'guest', uuid: UUID, pid: 4000, vcpus });
      for (const address of GUESTS_DEVICES) this.#give(address);
    },
    end: () => {
      if (!this.#running) return;
      this.#running = false;
      this.kernel.processes.stop(UUID);
      for (const address of this.#passed) this.kernel.bind(address, 'nvme');
      this.#passed.clear();
    },
    plug: (address) => {
      if (this.#running) this.#give(address);
    },
    unplug: (address) => {
      if (this.#passed.delete(address)) this.kernel.bind(address, 'nvme');
    },
    pass: (_, choice) => this.#enforce(SETS[choice % SETS.length] as string),
    vectors: (address, choice) => {
      if (this.#driverOf(address) !== undefined) this.kernel.enableVectors(address, 1 + (choice % 3));
    },
    reset: (address) => {
      if (this.#passed.has(address)) this.kernel.disableVectors(address);
    },
    free: (address) => {
      if (!this.#passed.has(address)) this.kernel.freeLine(address);
    },
    bind: (address) => {
      if (this.#driverOf(address) === undefined) this.kernel.bind(address, 'ahci');
    },
    /** Frees a line's IRQ and gives it to something else, whose mask happens to be that of our write. */
    recycle: (address, choice) => {
      this.#steps.free(address, choice);
      const { line = -1 } = this.kernel.devices.get(address) ?? {};
      if (this.#passed.has(address) || this.kernel.interrupts.has(line)) return;
      const taker = `0000:0b:00.${choice}`;
      if (choice < 2) this.kernel.enableVectors(HOSTS_DEVICE, [line]);
      else if (choice === 2) {
        this.kernel.bind(address, 'nvme');
        if (!this.kernel.interrupts.has(line)) this.kernel.enableVectors(address, [line], 'msi');
      } else if (!this.kernel.devices.has(taker)) {
        this.kernel.attach({ address: taker, driver: 'ehci_hcd', interrupts: [{ irq: line, type: 'intx' }] });
        const interrupt = this.kernel.interrupts.get(line);
        if (interrupt) interrupt.input = 100 + choice;
        if (choice === 3) interrupt?.handlers.splice(0);
      }
      this.kernel.move(line, [{ first: 2, last: 2 }]);
    },
    leave: (_, choice) => {
      const taker = `0000:0b:00.${choice}`;
      if (this.kernel.devices.has(taker)) this.kernel.freeLine(taker);
      this.kernel.devices.delete(taker);
    },
    join: (address) => {
      const { line, lineFreed } = this.kernel.devices.get(address) ?? {};
      const interrupt = this.kernel.interrupts.get(line ?? -1);
      if (!lineFreed && interrupt?.type === 'intx') interrupt.handlers.push('ehci_hcd');
    },
    move: (address, choice) => {
      const { line = -1, vectors = [] } = this.kernel.devices.get(address) ?? {};
      for (const irq of [line, ...vectors]) this.kernel.move(irq, [{ first: choice, last: choice }]);
    },
    otherGuest: (address) => {
      if (!this.#passed.has(address)) this.kernel.bind(address, 'vfio-pci');
    },
    release: () => {
      if (this.#running) return;
      this.#writing(
        (written, before) => {
          const isVfio = written.handlers.some((handler) => handler.startsWith('vfio-'));
          assert.ok(written.type === 'intx' && !isVfio && before, `IRQ ${written.irq} was written by release`);
        },
        () => void releaseDomain(this.#pass.host.files, this.#pass.host.state, UUID),
      );
    },
    restore: () => {
      this.#writing(
        (written, before) => {
          const [handler = '', ...others] = written.handlers;
          const isGuests = [...this.#passed].some((address) => handler.endsWith(`(${address})`));
          const what = `IRQ ${written.irq} was written by restore`;
          assert.ok(this.#running && isGuests && others.length === 0 && before, what);
        },
        () => {
          if (this.#running) this.#affinities.setDevices(UUID, [...this.#passed]);
          this.#affinities.restore(this.#pass.host.files);
          this.#affinities.save();
          const state = this.#pass.host.state.read(UUID);
          if (state) this.#affinities.restoreLines(this.#pass.host.files, UUID, state);
          this.#affinities = new OriginalAffinities(this.root);
        },
      );
    },
    /** Replaces the state by one of an older version, with lines by IRQ alone. */
    forgetful: () => {
      const { state } = this.#pass.host;
      const known = state.read(UUID);
      const lines = known?.lines.map(({ irq, before, cpus }) => ({ irq, before, cpus }));
      if (known && lines) state.write(UUID, { ...known, lines });
    },
  };

  #give(address: string): void {
    this.kernel.bind(address, 'vfio-pci');
    this.#passed.add(address);
  }

  #driverOf(address: string): string | undefined {
    return this.kernel.devices.get(address)?.driver;
  }

  #enforce(set: string): void {
    if (!this.#running) return;
    const masks = new Map([...this.kernel.interrupts.values()].map((one) => [one, formatCpuset(one.affinity)]));
    this.kernel.writes.length = 0;
    const devices = [...this.#passed].map((address) => hostdev(address, set)).join('');
    const applied = this.#pass.applied(guest(devices));
    for (const { irq } of this.kernel.writes) {
      const interrupt = this.kernel.interrupts.get(irq) as SimulatedInterrupt;
      const known = this.#placed.get(identityOf(interrupt)) ?? new Set();
      this.#placed.set(identityOf(interrupt), known.add(masks.get(interrupt) as string));
    }
    const changed = applied.devices.flatMap(({ address, interrupts }) =>
      interrupts
        .filter(({ action }) => action === 'set')
        .map(({ irq, vector, handlers, affinity, wanted }) => ({
          ...{ domain: 'guest', uuid: UUID, address: address as string, irq, vector, handler: handlers[0] as string },
          ...{ kind: 'placed' as const, to: affinity, wanted, from: setOf(this.#maskOf(masks, irq)) },
        })),
    );
    this.#affinities.record(changed);
  }

  #maskOf(masks: ReadonlyMap<SimulatedInterrupt, string>, irq: number): string {
    return masks.get(this.kernel.interrupts.get(irq) as SimulatedInterrupt) ?? '';
  }

  /**
   * @param check called for each interrupt that is written; `before`: whether it was moved for the guest and is now
   * restored to its original mask
   */
  #writing(check: (written: SimulatedInterrupt, before: boolean) => void, action: () => void): void {
    this.kernel.writes.length = 0;
    action();
    for (const { irq, set } of this.kernel.writes) {
      const written = this.kernel.interrupts.get(irq) as SimulatedInterrupt;
      check(written, this.#placed.get(identityOf(written))?.has(formatCpuset(set as Cpuset)) === true);
      this.restored++;
    }
  }
}

/**
 * A line is identified by its input, even if its IRQ is freed and allocated again. A vector that the same device gets
 * again under the same IRQ cannot be told from the one before.
 */
function identityOf({ type, input, irq, handlers }: SimulatedInterrupt): string {
  return type === 'intx' ? `input ${input}` : `${irq} ${handlers.join()}`;
}

let runs = 0;
let restored = 0;

properties(
  'in any history, release and restore write only what was moved for the guest and still belongs to it',
  () => {
    const history = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(history, (steps) => {
        const world = new History(folder.join(`${runs++}`));
        for (const one of steps) world.take(one);
        restored += world.restored;
      }),
      { numRuns: 400 },
    );
    assert.ok(restored > 100, `only ${restored} interrupts were restored: the histories are too weak`);
  },
);

properties('release deletes the state', () => {
  const state = new StateStore(folder.join('gone'));
  state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines: [] });
  releaseDomain(new SimulatedFs(new SimulatedKernel({ cpus: { present: '0' }, devices: [] })), state, UUID);
  assert.equal(state.list(), []);
});

properties.run();
