import * as assert from 'uvu/assert';
import type { Result } from './comparison-table.js';
import { BANMOD, type Contender, cpusOfVcpus, NOTHING, placeUntil, US } from './contenders.js';
import { DeliveryCounts } from './delivery-counts.js';
import { VFIO_NICS } from './devices.js';
import { cpusIn } from './expect.js';
import type { Guest, PassedThrough } from './guest.js';
import type { GuestDriver } from './guest-driver.js';
import { installedArguments } from './irqbalance.js';
import { interruptsOf, text } from './kernel-files.js';
import { virsh } from './libvirt.js';
import { NetworkCard } from './network-card.js';
import type { Rig } from './rig.js';
import { eventually, idle, sleep } from './wait.js';

/** The CPUs of the two vCPUs: one on the cards' node, one on the other. */
const VCPUS = ['1', '3'];
/** How often a card interrupts with each of its vectors in a period of work. */
const PULSES = 40;
/** Of the history: until a guest's drivers load, from then until there is a link, and how long it then works. */
const BOOT_SECONDS = 15;
const LINK_SECONDS = 3;
const WORK_SECONDS = 30;
/** The interval of irqbalance. */
const BALANCE_SECONDS = 10;

interface Card {
  contender: Contender;
  device: PassedThrough;
  driver?: GuestDriver;
  pulses: number;
}

/**
 * A guest with one network card for each contender. All cards go through the same history at once; they differ in who
 * places their interrupts.
 */
export class Comparison {
  readonly #counts = new DeliveryCounts();
  readonly #local = cpusIn(text(`/sys/bus/pci/devices/${VFIO_NICS[0]}/local_cpulist`));
  readonly #end = new AbortController();
  readonly #placing: Promise<unknown>[] = [];

  private constructor(
    private readonly rig: Rig,
    private readonly guest: Guest,
    private readonly cards: readonly Card[],
    private readonly speed: number,
  ) {}

  /**
   * Starts the guest, its drivers, and the contenders.
   * @param speed how many seconds of the history pass in one
   */
  static async start(rig: Rig, contenders: readonly Contender[], speed: number): Promise<Comparison> {
    const cards = contenders.map((contender, index) => ({
      contender,
      device: { address: VFIO_NICS[index] as string, slot: 5 + index, managed: false, cpuset: policyOf(contender) },
      pulses: 0,
    }));
    const guest = await rig.running({ vcpus: VCPUS, devices: cards.map(({ device }) => device) });
    const comparison = new Comparison(rig, guest, cards, speed);
    await idle();
    comparison.#place();
    await comparison.#bootAndWork(cards);
    return comparison;
  }

  async reboot(): Promise<void> {
    await this.guest.reboot();
    await this.#hasNoVectors(this.cards);
    await this.#bootAndWork(this.cards);
  }

  async reset(): Promise<void> {
    await this.guest.reset();
    await this.#hasNoVectors(this.cards);
    await this.#bootAndWork(this.cards);
  }

  /** Detaches and attaches every card. */
  async hotplug(): Promise<void> {
    const devices = this.cards.map(({ device }) => device);
    await Promise.all(devices.map((device) => this.guest.detach(device)));
    await this.guest.attach(...devices);
    await idle();
    await this.#loadAndWork(this.cards);
  }

  /** The vCPU on the cards' node gets another CPU there. */
  async repin(): Promise<void> {
    await virsh('vcpupin', this.guest.name, '1', '2', '--live');
    await this.#work(this.cards);
  }

  /**
   * irqbalance starts, then the drivers reload. Its option bans the interrupts of all VFIO devices, so this happens
   * twice: without the option and the card that counts on it, and with that card alone.
   */
  async balance(): Promise<void> {
    await this.#unload(this.cards);
    for (const isBanned of [false, true]) {
      const cards = this.cards.filter(({ contender }) => (contender === BANMOD) === isBanned);
      const options = isBanned ? ['--banmod=vfio_pci'] : installedArguments();
      await this.rig.irqbalance.start(options, Math.ceil(BALANCE_SECONDS / this.speed));
      await this.#load(cards);
      await this.#pause(BOOT_SECONDS);
      // Emulation may delay its first round.
      if (!isBanned) await this.#isMoved(cards);
      await this.#work(cards);
      await this.rig.irqbalance.stop();
      await this.#unload(cards);
    }
  }

  /** Ends the contenders. */
  async end(): Promise<Result[]> {
    this.#end.abort();
    await Promise.all(this.#placing);
    return this.cards.map(({ contender: { name }, device: { address } }) => ({
      ...{ name, delivered: this.#counts.of(address) },
    }));
  }

  #place(): void {
    const { signal } = this.#end;
    const surroundings = {
      defined: VCPUS.map(Number),
      current: () => cpusOfVcpus(this.guest.name),
      local: this.#local,
    };
    for (const { contender, device } of this.cards) {
      this.#placing.push(placeUntil(signal, contender, { ...surroundings, address: device.address }, this.speed));
    }
  }

  async #bootAndWork(cards: readonly Card[]): Promise<void> {
    await Promise.all([this.#pause(BOOT_SECONDS), idle()]);
    await this.#loadAndWork(cards);
  }

  async #loadAndWork(cards: readonly Card[]): Promise<void> {
    await this.#load(cards);
    await this.#pause(LINK_SECONDS);
    await this.#work(cards);
  }

  /** Drivers load one after the other: together they would keep the emulated CPUs from all other work. */
  async #load(cards: readonly Card[]): Promise<void> {
    for (const card of cards) {
      const { slot } = card.device;
      card.driver = this.guest.driver(slot);
      await card.driver.load(NetworkCard.vectors);
      await this.#networkCard(slot).prepare();
    }
  }

  async #unload(cards: readonly Card[]): Promise<void> {
    for (const { driver } of cards) await driver?.unload();
    await this.#hasNoVectors(cards);
  }

  async #work(cards: readonly Card[]): Promise<void> {
    const vcpus = cpusOfVcpus(this.guest.name);
    const interval = (WORK_SECONDS * 1000) / this.speed / PULSES;
    this.#counts.begin();
    for (let pulse = 0, next = performance.now(); pulse < PULSES; pulse++) {
      await Promise.all(cards.map(({ device: { slot } }) => this.#networkCard(slot).raise()));
      for (const card of cards) card.pulses++;
      next = Math.max(next + interval, performance.now());
      await sleep(next - performance.now());
      // A second one would be merged with one that is still to be delivered.
      await eventually(() => {
        this.#counts.take(vcpus, this.#local);
        for (const { device, pulses } of cards)
          assert.is(
            this.#counts.of(device.address).all,
            pulses * NetworkCard.vectors,
            `interrupts of ${device.address}`,
          );
      }, 10);
    }
  }

  #networkCard(slot: number): NetworkCard {
    return new NetworkCard(this.guest.qtest, slot);
  }

  #hasNoVectors(cards: readonly Card[]): Promise<void> {
    return eventually(() => {
      const interrupts = cards.flatMap(({ device }) => interruptsOf(device.address));
      assert.equal(
        interrupts.filter(({ type }) => type === 'msix'),
        [],
      );
    });
  }

  /** irqbalance has moved interrupts that nobody else places. */
  #isMoved(cards: readonly Card[]): Promise<void> {
    const unplaced = cards.filter(({ contender }) => contender === NOTHING);
    return eventually(() => {
      const interrupts = unplaced.flatMap(({ device }) => interruptsOf(device.address));
      assert.ok(interrupts.some(({ affinity }) => String(cpusIn(affinity)) !== String(this.#local)));
    });
  }

  #pause(seconds: number): Promise<void> {
    return sleep((seconds * 1000) / this.speed);
  }
}

const policyOf = (contender: Contender) => (contender === US ? 'auto' : 'native');
