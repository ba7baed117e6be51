import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';
import { CPUS, cpusOfRanges } from './cpus.js';
import { addressesOf, type Guest, pinsOf, policyOf } from './guests.js';
import { ERRORS, type Kind, type Step } from './steps.js';
import { HOSTS_DEVICE, type World } from './world.js';

/** Periods of somebody who keeps moving interrupts, in ms: faster than any poll, and slower. */
const PERIODS_MS = [100, 400, 700, 1100, 1700, 2500, 4000, 7000, 10_000, 30_000, 60_000];

/** Does a step, and lets its time pass. */
export function take(world: World, step: Step): void {
  const guest = world.guests[step.domain] as Guest;
  const event = () => world.apply(() => EVENTS[step.kind](world, guest, step));
  if (step.atAccess === 0) event();
  else {
    world.during(step.atAccess, event);
    world.apply(() => EVENTS.driver(world, guest, { ...step, isReported: true }));
  }
  world.pass(step.wait);
  world.runPending();
}

type Happening = (world: World, guest: Guest, step: Step) => void;

/**
 * Nothing of it needs to be reported for the watcher to find out, but that a guest, or a device of it, came or went.
 */
const EVENTS: Record<Kind, Happening> = {
  start(world, guest, { choice }) {
    world.start(guest);
    world.later(choice % 200, () => world.report(guest));
  },
  /** The host's own driver may take the numbers; the event may come when another guest has the device already. */
  stop(world, guest, { choice }) {
    world.stop(guest);
    if (choice % 3 === 0) takeNumbers(world, guest);
    if (choice % 5 === 0) takeLines(world, guest, choice);
    const delayMs = choice % 2 === 0 ? 0 : choice % (choice % 3 === 0 ? 60_000 : 3000);
    world.later(delayMs, () => world.report(guest));
  },
  /** Its partner starts with the device that they share, and uses it; that the guest has ended is said later. */
  takeover(world, guest, { choice }) {
    const partner = world.guests[guest.index ^ 1] as Guest;
    if (!world.running.has(guest) || guest.index % 4 > 1) return;
    world.stop(guest);
    world.start(partner);
    world.report(partner);
    for (const address of world.passed(partner)) world.kernel.enableVectors(address, 1 + (choice % 4));
    world.later(choice % 5000, () => world.report(guest));
  },
  /** The guest's driver turns MSI-X on; not all of its vectors are requested at once. */
  driver(world, guest, { choice, isReported }) {
    for (const address of world.passed(guest)) {
      const count = 1 + (choice % 4);
      world.kernel.enableVectors(address, count, choice % 9 === 0 ? 'msi' : 'msix', choice % 5 === 0 ? 1 : count);
    }
    markDirty(world, guest, isReported);
  },
  /** Its vectors go and come back, in the other order. */
  reset(world, guest, { isReported }) {
    const counts = world.passed(guest).map((address) => [address, vectorsOf(world, address).length] as const);
    for (const [address] of counts) world.kernel.disableVectors(address);
    for (const [address, count] of [...counts].reverse()) if (count > 0) world.kernel.enableVectors(address, count);
    markDirty(world, guest, isReported);
  },
  unload(world, guest, { isReported }) {
    for (const address of world.passed(guest)) world.kernel.disableVectors(address);
    markDirty(world, guest, isReported);
  },
  unmask(world, guest, { choice }) {
    for (const address of world.passed(guest)) {
      const count = vectorsOf(world, address).length;
      if (count > 0) world.kernel.request(address, choice % count);
    }
  },
  /** Two guests reset at once: each gets the other's numbers. */
  swap(world, guest, { choice }) {
    const others = [...world.running].filter((one) => one !== guest);
    const other = others[choice % Math.max(1, others.length)];
    if (!other || !world.running.has(guest)) return;
    const pairs = [guest, other].map((one) => world.passed(one)[0] as string);
    const irqs = pairs.map((address) => [...vectorsOf(world, address)]);
    for (const address of pairs) world.kernel.disableVectors(address);
    pairs.forEach((address, index) => {
      const numbers = irqs[1 - index] as number[];
      if (numbers.length > 0) world.kernel.enableVectors(address, numbers);
    });
  },
  /** Resets again and again, and nobody says so: the vectors come back under their numbers. */
  flap(world, guest, { choice }) {
    world.every(PERIODS_MS[choice % 6] as number, 1 + (choice % 20), () =>
      world.apply(() => {
        for (const address of world.passed(guest)) {
          const irqs = [...vectorsOf(world, address)];
          if (irqs.length > 0) world.kernel.enableVectors(address, irqs);
        }
      }),
    );
  },
  /** Hundreds of vectors, of which every other one cannot be written. */
  wide(world, guest, { choice }) {
    const [address] = world.passed(guest);
    if (address === undefined) return;
    world.kernel.enableVectors(address, 100 + (choice % 200));
    vectorsOf(world, address).forEach((irq, index) => {
      if (index % 2 === 0) world.kernel.failAllWrites(irq, errorOf(choice));
    });
    world.later(choice % 30_000, () => {
      if (world.passed(guest).includes(address)) world.apply(() => world.kernel.enableVectors(address, 2));
    });
  },
  plug(world, guest, { choice }) {
    const [, , spare] = addressesOf(guest.index);
    world.plug(guest, spare, policyOf(choice));
    world.later(choice % 1000, () => world.report(guest));
  },
  unplug(world, guest, { choice }) {
    const [, , spare] = addressesOf(guest.index);
    world.unplug(guest, spare);
    if (!world.isHeld(spare)) world.kernel.enableVectors(spare, choice % 3);
    world.later(choice % 2000, () => world.report(guest));
  },
  repin(world, guest, { choice, isReported }) {
    world.repin(guest, pinsOf(choice));
    markDirty(world, guest, isReported);
  },
  policy(world, guest, { choice }) {
    const [own] = addressesOf(guest.index);
    guest.devices.set(own, policyOf(choice));
    world.report(guest);
  },
  /** A domain names a device that another one has, or no longer does. */
  claim(world, guest, { choice }) {
    const [own] = addressesOf((guest.index + 1) % world.guests.length);
    if (guest.devices.has(own)) world.unplug(guest, own);
    else if (world.running.has(guest) && world.isHeld(own)) guest.devices.set(own, policyOf(choice));
    world.report(guest);
  },
  /** libvirtd is back: every guest is reported again. */
  reconnect(world) {
    for (const guest of world.reported.keys()) world.report(guest);
  },
  move(world, guest, { choice }) {
    for (const one of interruptsOf(world, guest)) moveTo(world, one, choice % CPUS);
  },
  /** irqbalance, or somebody like it, at work. */
  mover(world, guest, { choice }) {
    const moved = interruptsOf(world, guest).filter((_, index) => choice % 2 === 0 || index === 0);
    world.every(PERIODS_MS[choice % PERIODS_MS.length] as number, 5 + (choice % 60), (turn) => {
      for (const one of moved) moveTo(world, one, (choice + turn) % CPUS);
    });
  },
  shrink(world, guest, { choice }) {
    const [one] = interruptsOf(world, guest);
    const node = world.kernel.nodes[choice % 2];
    if (one && node && (cpusOfRanges(one.affinity) & cpusOfRanges(node.cpus)) !== 0)
      world.kernel.shrink(one.irq, node.cpus);
  },
  /** The host's own driver takes and leaves vectors, with the numbers of before. */
  host(world, guest, { choice }) {
    takeNumbers(world, guest, choice % 3);
  },
  offline(world, _, { choice }) {
    const cpu = 2 + (choice % (CPUS - 2));
    const before = new Map([...world.kernel.interrupts.values()].map((one) => [one, one.affinity]));
    world.setOnline(cpu, false);
    for (const [one, affinity] of before) if (one.affinity !== affinity) world.moved(one);
  },
  online(world, _, { choice }) {
    for (const cpu of [choice % CPUS, (choice >> 5) % CPUS, (choice >> 10) % CPUS]) world.setOnline(cpu, true);
  },
  deny(world, guest, { choice }) {
    const interrupts = interruptsOf(world, guest);
    if (choice % 3 > 0) for (const { irq } of interrupts) world.kernel.failAllWrites(irq, errorOf(choice));
    else {
      world.fill(guest);
      for (const one of interrupts) moveTo(world, one, choice % CPUS);
    }
  },
  allow(world) {
    for (const guest of world.running)
      for (const { irq } of interruptsOf(world, guest)) world.kernel.failAllWrites(irq);
  },
  /** The next writes fail, whenever they come; or the first one succeeds, and somebody makes it necessary. */
  refuse(world, guest, { choice }) {
    const codes = Array<string>(1 + (choice % 5)).fill(errorOf(choice));
    const isLater = choice % 2 === 0;
    for (const one of interruptsOf(world, guest)) {
      if (isLater) moveTo(world, one, choice % CPUS);
      world.kernel.failNextWrites(one.irq, ...(isLater ? [''] : []), ...codes);
    }
  },
  stopTracing(world, _, { choice }) {
    world.stopTracing(choice % 2 === 0);
  },
  startTracing(world) {
    world.startTracing();
  },
  lose(world, _, { choice }) {
    world.lose(1 + (choice % 10));
  },
  kill(world, _, { choice }) {
    world.kill(choice % 12);
  },
  enforce(world, guest) {
    world.enforce(guest);
  },
  /** The administrator's allowedCpus. */
  limit(world, _, { choice }) {
    const first = choice % (CPUS - 4);
    world.setAllowed(choice % 3 === 0 ? `${first}-${first + 3}` : undefined);
  },
  settle(world) {
    world.settle();
  },
};

const errorOf = (choice: number) => ERRORS[choice % ERRORS.length] as string;

function takeNumbers(world: World, { devices }: Guest, count = 2): void {
  for (const address of devices.keys()) {
    if (world.kernel.devices.get(address)?.driver === 'nvme') world.kernel.enableVectors(address, count);
  }
}

/**
 * The numbers of the guest's lines are free, and a vector of the host's own gets one: often it goes where the line
 * went. Then the devices may be enabled again, with other numbers.
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

function vectorsOf(world: World, address: string): readonly number[] {
  return world.kernel.devices.get(address)?.vectors ?? [];
}

/** Vectors, or the line where there are none. */
function interruptsOf(world: World, guest: Guest): SimulatedInterrupt[] {
  return world.passed(guest).flatMap((address) => {
    const irqs = vectorsOf(world, address);
    const { line = -1 } = world.kernel.devices.get(address) ?? {};
    return (irqs.length > 0 ? irqs : [line]).flatMap((irq) => world.kernel.interrupts.get(irq) ?? []);
  });
}

function moveTo(world: World, interrupt: SimulatedInterrupt, cpu: number): void {
  if (world.kernel.interrupts.get(interrupt.irq) !== interrupt) return;
  world.apply(() => world.kernel.move(interrupt.irq, [{ first: cpu, last: cpu }]), true);
  world.moved(interrupt);
}

function markDirty(world: World, guest: Guest, isReported: boolean): void {
  if (isReported && world.reported.has(guest)) world.markDirty({ uuid: guest.uuid });
}
