import { intersect } from '../../../src/domain/cpuset.js';
import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';
import { addressesOf, type Guest, pinsOf, policyOf } from './guests.js';
import { CPUS, ERRORS, type Step } from './steps.js';
import { HOSTS_DEVICE, SETTINGS, vcpusOf, type World } from './world.js';

/** Somebody who keeps moving an interrupt does so a little slower than it is looked at: each move is seen. */
const MOVES = 1.1 * SETTINGS.intervals.quiet;

/** Does a step, and lets its time pass. */
export function take(world: World, step: Step): void {
  const guest = world.guests[step.domain] as Guest;
  const happening = () => world.happen(() => HAPPENINGS[step.kind](world, guest, step));
  if (step.amid === 0) happening();
  else {
    world.amid(step.amid, happening);
    world.happen(() => HAPPENINGS.driver(world, guest, { ...step, told: true }));
  }
  world.pass(step.wait);
  world.amidNothing();
}

type Happening = (world: World, guest: Guest, step: Step) => void;

/** Nothing of it needs to be told for the watcher to find out, but that a guest, or a device of it, came or went. */
const HAPPENINGS: Record<Step['kind'], Happening> = {
  start(world, guest, { choice }) {
    world.start(guest);
    world.later(choice % 200, () => world.tell(guest));
  },
  /** The host's own driver may take the numbers; the event may come when another guest has the device already. */
  stop(world, guest, { choice }) {
    world.stop(guest);
    if (choice % 3 === 0) takeNumbers(world, guest);
    if (choice % 5 === 0) takeLines(world, guest, choice);
    const late = choice % 3000;
    world.later(choice % 2 === 0 ? 0 : late, () => world.tell(guest));
  },
  /** The guest's driver turns MSI-X on; not all of its vectors are requested at once. */
  driver(world, guest, { choice, told }) {
    for (const address of passed(world, guest)) {
      const count = 1 + (choice % 4);
      world.kernel.enableVectors(address, count, choice % 9 === 0 ? 'msi' : 'msix', choice % 5 === 0 ? 1 : count);
    }
    markDirty(world, guest, told);
  },
  reset(world, guest, { told }) {
    const counts = passed(world, guest).map((address) => [address, vectorsOf(world, address)] as const);
    for (const [address] of counts) world.kernel.disableVectors(address);
    for (const [address, count] of [...counts].reverse()) if (count > 0) world.kernel.enableVectors(address, count);
    markDirty(world, guest, told);
  },
  unload(world, guest, { told }) {
    for (const address of passed(world, guest)) world.kernel.disableVectors(address);
    markDirty(world, guest, told);
  },
  unmask(world, guest, { choice }) {
    for (const address of passed(world, guest)) {
      const count = vectorsOf(world, address);
      if (count > 0) world.kernel.request(address, choice % count);
    }
  },
  /** Two guests reset at once: each gets the other's numbers. */
  swap(world, guest, { choice }) {
    const others = [...world.running];
    const other = others[choice % Math.max(1, others.length)];
    if (!other || !world.running.has(guest) || other === guest) return;
    const pairs = [guest, other].map((one) => passed(world, one)[0] as string);
    const irqs = pairs.map((address) => [...(world.kernel.devices.get(address)?.vectors ?? [])]);
    for (const address of pairs) world.kernel.disableVectors(address);
    pairs.forEach((address, index) => {
      const numbers = irqs[1 - index] as number[];
      if (numbers.length > 0) world.kernel.enableVectors(address, numbers);
    });
  },
  plug(world, guest, { choice }) {
    const [, , spare] = addressesOf(guest.index);
    if (!world.running.has(guest) || guest.devices.has(spare)) return;
    world.kernel.bind(spare, 'vfio-pci');
    guest.devices.set(spare, policyOf(choice));
    world.later(choice % 1000, () => world.tell(guest));
    // until then nobody can know that it is the guest's
    world.held.delete(guest);
  },
  unplug(world, guest, { choice }) {
    const [, , spare] = addressesOf(guest.index);
    if (!guest.devices.delete(spare)) return;
    if (world.running.has(guest)) {
      world.kernel.bind(spare, 'nvme');
      world.kernel.enableVectors(spare, 2);
    }
    world.later(choice % 2000, () => world.tell(guest));
  },
  repin(world, guest, { choice, told }) {
    guest.pins = pinsOf(choice);
    if (!world.running.has(guest)) return;
    for (const { vcpu, cpus } of vcpusOf(guest)) world.kernel.processes.pin(guest.uuid, vcpu, cpus);
    markDirty(world, guest, told);
  },
  policy(world, guest, { choice }) {
    const [own] = addressesOf(guest.index);
    guest.devices.set(own, policyOf(choice));
    if (!world.held.has(guest)) return;
    world.held.delete(guest);
    world.tell(guest);
  },
  /** irqbalance at work; now and then it does not let go. */
  move(world, guest, { choice }) {
    for (const one of interruptsOf(world, guest)) {
      const times = choice % 4 === 0 ? 8 : 1;
      for (let i = 0; i < times; i++) world.later(i * MOVES, () => moveTo(world, one, (choice + i) % CPUS));
    }
  },
  shrink(world, guest, { choice }) {
    const [one] = interruptsOf(world, guest);
    const node = world.kernel.nodes[choice % 2];
    if (one && node && intersect(one.affinity, node.cpus).length > 0) world.kernel.shrink(one.irq, node.cpus);
  },
  deny(world, guest, { choice }) {
    for (const { irq } of interruptsOf(world, guest))
      world.kernel.failAllWrites(irq, ERRORS[choice % ERRORS.length] as string);
  },
  allow(world) {
    for (const guest of world.running)
      for (const { irq } of interruptsOf(world, guest)) world.kernel.failAllWrites(irq);
  },
  /** The next writes fail, whenever they come. */
  refuse(world, guest, { choice }) {
    const codes = Array<string>(1 + (choice % 5)).fill(ERRORS[choice % ERRORS.length] as string);
    for (const { irq } of interruptsOf(world, guest)) world.kernel.failNextWrites(irq, ...codes);
  },
  offline(world, _, { choice }) {
    const cpu = 2 + (choice % (CPUS - 2));
    const before = new Map([...world.kernel.interrupts.values()].map((one) => [one, one.affinity]));
    world.kernel.setOnline(cpu, false);
    for (const [one, affinity] of before) if (one.affinity !== affinity) world.moved(one);
  },
  online(world, _, { choice }) {
    for (const cpu of [choice % CPUS, (choice >> 5) % CPUS, (choice >> 10) % CPUS]) world.kernel.setOnline(cpu, true);
  },
  /** libvirtd is back: its hook tells of every guest once more. */
  reconnect(world) {
    for (const guest of world.running) if (world.held.has(guest)) world.tell(guest);
  },
  kill(world, _, { choice }) {
    world.kill(choice % 3);
  },
  /** The host's own driver takes and leaves vectors, with the numbers of before. */
  host(world, guest, { choice }) {
    takeNumbers(world, guest, choice % 3);
  },
  /** Its partner starts with the device that they share, and uses it; that the guest has ended is said much later. */
  takeover(world, guest, { choice }) {
    const partner = world.guests[guest.index ^ 1] as Guest;
    if (!world.running.has(guest) || guest.index % 4 > 1) return;
    world.stop(guest);
    world.start(partner);
    world.tell(partner);
    for (const address of passed(world, partner)) world.kernel.enableVectors(address, 1 + (choice % 4));
    world.later(choice % 100_000, () => world.tell(guest));
  },
  /** A guest that resets again and again, untold: its numbers come back, and nobody moved them. */
  flap(world, guest) {
    for (let i = 0; i < 8; i++) {
      world.later(i * MOVES, () => {
        world.happen(() => {
          for (const address of passed(world, guest)) {
            const irqs = [...(world.kernel.devices.get(address)?.vectors ?? [])];
            if (irqs.length > 0) world.kernel.enableVectors(address, irqs);
          }
        });
      });
    }
  },
};

function takeNumbers(world: World, { devices }: Guest, count = 2): void {
  for (const address of devices.keys()) {
    if (world.kernel.devices.get(address)?.driver === 'nvme') world.kernel.enableVectors(address, count);
  }
}

/**
 * The numbers of the guest's lines are free, and a vector of the host's own gets one: often it goes where the line went. Then the devices may
 * be enabled again, with other numbers.
 */
function takeLines(world: World, { devices }: Guest, choice: number): void {
  const { kernel } = world;
  for (const address of devices.keys()) {
    const { line, driver } = kernel.devices.get(address) ?? {};
    const affinity = kernel.interrupts.get(line ?? -1)?.affinity ?? [];
    if (line === undefined || driver !== 'nvme') continue;
    kernel.freeLine(address);
    if (!kernel.interrupts.has(line)) {
      kernel.enableVectors(HOSTS_DEVICE, [line]);
      kernel.move(line, affinity);
    }
    if (choice % 2 === 0) kernel.bind(address, 'nvme');
  }
}

/** Devices that are with the guest. */
function passed(world: World, guest: Guest): string[] {
  return world.running.has(guest) ? [...guest.devices.keys()] : [];
}

function vectorsOf(world: World, address: string): number {
  return world.kernel.devices.get(address)?.vectors.length ?? 0;
}

function interruptsOf(world: World, guest: Guest): SimulatedInterrupt[] {
  return passed(world, guest).flatMap((address) =>
    (world.kernel.devices.get(address)?.vectors ?? []).flatMap((irq) => world.kernel.interrupts.get(irq) ?? []),
  );
}

function moveTo(world: World, interrupt: SimulatedInterrupt, cpu: number): void {
  if (world.kernel.interrupts.get(interrupt.irq) !== interrupt) return;
  world.happen(() => world.kernel.move(interrupt.irq, [{ first: cpu, last: cpu }]));
  world.moved(interrupt);
}

function markDirty(world: World, guest: Guest, told: boolean): void {
  if (told && world.held.has(guest)) world.markDirty({ uuid: guest.uuid });
}
