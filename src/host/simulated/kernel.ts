import type { PciAddress } from '../../domain/address.js';
import { type Cpuset, EMPTY, intersect } from '../../domain/cpuset.js';
import { FileError } from '../files.js';
import type { InterruptType } from '../pci-device.js';
import { Delivery, type SimulatedInterrupt } from './delivery.js';
import {
  cpuList,
  type DeviceDescription,
  type HostDescription,
  type InterruptDescription,
  pciAddress,
} from './description.js';
import { MaskText } from './mask-text.js';
import { Processes } from './processes.js';

export interface SimulatedDevice {
  address: PciAddress;
  driver: string | undefined;
  numaNode: number | undefined;
  /** its legacy line */
  line: number | undefined;
  /** what of the line's handlers is this device's */
  lineHandlers: string[];
  /** its message interrupts, while they are on */
  vectors: number[];
}

/** A write that reached an interrupt: what the tests look at. */
export interface AffinityWrite {
  irq: number;
  set: Cpuset;
}

/** The numbers below are the legacy lines'. */
const FIRST_MESSAGE_IRQ = 24;

/**
 * The part of a kernel that this project touches, in memory. It takes and refuses writes as the real one does
 * (kernel/irq/proc.c, manage.c; arch/x86/kernel/apic/vector.c) and can do what the real one does to interrupts behind
 * everybody's back.
 */
export class SimulatedKernel {
  readonly present: Cpuset;
  readonly possible: Cpuset;
  readonly masks: MaskText;
  readonly defaultAffinity: Cpuset;
  readonly nodes: { node: number; cpus: Cpuset }[];
  /** whether /proc/irq/N says where an interrupt is delivered */
  readonly tellsEffective: boolean;
  readonly devices = new Map<string, SimulatedDevice>();
  readonly interrupts = new Map<number, SimulatedInterrupt>();
  /** running QEMUs, and others */
  readonly processes: Processes;
  readonly writes: AffinityWrite[] = [];
  readonly #delivery: Delivery;
  readonly #managedCode: string;
  /** errors that the next writes to an interrupt meet, first first */
  readonly #refusals = new Map<number, string[]>();
  /** errors that every write to an interrupt meets */
  readonly #denials = new Map<number, string>();
  /** no message interrupt below it is free */
  #lowestFree = FIRST_MESSAGE_IRQ;

  constructor(description: HostDescription) {
    const { cpus, nodes = [], kernel = '6.12', vectorsPerCpu = Number.POSITIVE_INFINITY } = description;
    this.present = cpuList(cpus.present);
    this.possible = cpuList(cpus.possible ?? cpus.present);
    this.masks = new MaskText((this.possible.at(-1)?.last ?? 0) + 1);
    this.nodes = nodes.map(({ node, cpus: list }) => ({ node, cpus: cpuList(list) }));
    this.defaultAffinity = description.defaultAffinity ? cpuList(description.defaultAffinity) : this.possible;
    this.tellsEffective = description.effectiveAffinity ?? true;
    const [major = 0, minor = 0] = kernel.split('.').map(Number);
    this.#managedCode = major > 6 || (major === 6 && minor >= 12) ? 'EPERM' : 'EIO';
    this.#delivery = new Delivery(cpuList(cpus.online ?? cpus.present), vectorsPerCpu);
    for (const { irq, ...rest } of description.interrupts ?? []) {
      this.#addInterrupt(irq, 'intx', rest.handlers ?? [], rest);
    }
    for (const device of description.devices) this.attach(device);
    this.processes = new Processes(description.domains ?? [], description.processes ?? []);
  }

  get online(): Cpuset {
    return this.#delivery.online;
  }

  /**
   * Turns MSI-X (or MSI) on, as a guest's driver does, with the interrupt numbers given, or so many of the lowest free ones.
   * The line is released. Masks are as at birth. Only the first `requested` vectors get a handler: the others are phantoms.
   */
  enableVectors(
    address: string,
    irqs: readonly number[] | number,
    type: 'msix' | 'msi' = 'msix',
    requested: number = Number.POSITIVE_INFINITY,
  ): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    const numbers = typeof irqs === 'number' ? Array.from({ length: irqs }, () => undefined) : irqs;
    numbers.forEach((number, vector) => {
      const irq = number ?? this.#freeNumber();
      if (this.interrupts.has(irq)) throw new Error(`IRQ ${irq} is taken`);
      device.vectors.push(irq);
      const handlers = vector < requested ? [handlerOf(device, type, vector)] : [];
      this.#addInterrupt(irq, type, handlers, {}, device.numaNode);
    });
  }

  /** The guest's driver is unloaded, or the device reset: the vectors go, and VFIO is back on the line. */
  disableVectors(address: string): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#requestLine(device);
  }

  /** A handler for a phantom vector; for a live one once more, as when the guest unmasks it: the mask may shrink. */
  request(address: string, vector: number): void {
    const device = this.#device(address);
    const interrupt = this.interrupts.get(device.vectors[vector] ?? -1);
    if (!interrupt) throw new Error(`${address} has no vector ${vector}`);
    this.#request(interrupt, [handlerOf(device, interrupt.type, vector)]);
  }

  /** The device changes its driver: to VFIO for a guest, or back. Its vectors go, the new driver takes the line. */
  bind(address: string, driver: string | undefined): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    device.driver = driver;
    this.#requestLine(device);
  }

  attach({ address, driver, numaNode, interrupts = [] }: DeviceDescription): void {
    const known = numaNode === -1 ? undefined : numaNode;
    const device: SimulatedDevice = {
      address: pciAddress(address),
      driver,
      numaNode: known,
      line: undefined,
      lineHandlers: [],
      vectors: [],
    };
    this.devices.set(address, device);
    const vectors = interrupts.filter(({ type }) => type !== 'intx');
    vectors.forEach(({ irq, type, ...rest }, vector) => {
      device.vectors.push(irq);
      const own = driver === undefined ? [] : [handlerOf(device, type, vector)];
      this.#addInterrupt(irq, type, rest.handlers ?? own, rest, known);
    });
    for (const { irq, type, ...rest } of interrupts) {
      if (type !== 'intx') continue;
      device.line = irq;
      const own = driver === undefined || vectors.length > 0 ? [] : [handlerOf(device, type, 0)];
      device.lineHandlers = rest.handlers ?? own;
      this.#addInterrupt(irq, type, device.lineHandlers, rest);
    }
  }

  /** The device leaves the host; its vectors' numbers are free. */
  detach(address: string): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    this.devices.delete(address);
  }

  /** A handler is requested again on a live vector: the kernel ANDs the mask with the device's node. */
  shrink(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    const rest = interrupt ? intersect(interrupt.affinity, to) : EMPTY;
    if (interrupt && intersect(rest, this.online).length > 0) this.#delivery.place(interrupt, rest);
  }

  /** An offline CPU takes its interrupts with it to all others; coming back, it does not bring them. */
  setOnline(cpu: number, isOnline: boolean): void {
    this.#delivery.setOnline(cpu, isOnline, this.interrupts.values());
  }

  /** Somebody else, irqbalance say, moves an interrupt; without effect where the kernel would refuse. */
  move(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    const possible = interrupt && !interrupt.managed && intersect(to, this.online).length > 0;
    if (possible) this.#delivery.place(interrupt, to);
  }

  /** The interrupt occurs: it is counted where it is delivered, and what was deferred is done. */
  occur(irq: number, times = 1): void {
    const interrupt = this.interrupts.get(irq);
    if (interrupt) this.#delivery.occur(interrupt, times);
  }

  /** The next writes to this interrupt fail with these errors. */
  refuse(irq: number, ...codes: string[]): void {
    this.#refusals.set(irq, [...(this.#refusals.get(irq) ?? []), ...codes]);
  }

  /** Every write to this interrupt fails with this error; without one, no longer. */
  deny(irq: number, code?: string): void {
    if (code === undefined) this.#denials.delete(irq);
    else this.#denials.set(irq, code);
  }

  /** A write to /proc/irq/N/smp_affinity, or smp_affinity_list. @throws FileError with the kernel's code */
  writeAffinity(irq: number, text: string, form: 'mask' | 'list' = 'mask'): void {
    const path = `/proc/irq/${irq}/smp_affinity${form === 'list' ? '_list' : ''}`;
    const interrupt = this.interrupts.get(irq);
    if (!interrupt?.registered) throw new FileError('ENOENT', path);
    if (interrupt.managed) throw new FileError(this.#managedCode, path);
    const code = this.#refusals.get(irq)?.shift() ?? this.#denials.get(irq);
    if (code) throw new FileError(code, path);
    const set = form === 'mask' ? this.masks.take(text) : this.masks.takeList(text);
    if (typeof set === 'string') throw new FileError(set, path);
    if (intersect(set, this.online).length === 0) throw new FileError('EINVAL', path);
    if (!this.#delivery.place(interrupt, set)) throw new FileError('ENOSPC', path);
    this.writes.push({ irq, set });
  }

  /** A legacy line may be shared: then the handlers are united, and the first to come says the rest. */
  #addInterrupt(
    irq: number,
    type: InterruptType,
    handlers: readonly string[],
    { affinity, effective, managed = false, deferred = false, counts = {} }: InterruptDescription,
    numaNode?: number,
  ): void {
    const shared = this.interrupts.get(irq);
    if (shared) return this.#request(shared, handlers);
    const interrupt: SimulatedInterrupt = {
      irq,
      type,
      handlers: [],
      registered: false,
      affinity: this.defaultAffinity,
      effective: EMPTY,
      managed,
      deferred,
      counts: { ...counts },
      near: this.nodes.find(({ node }) => node === numaNode)?.cpus ?? EMPTY,
    };
    this.interrupts.set(irq, interrupt);
    this.#request(interrupt, handlers);
    if (effective && interrupt.registered) this.#delivery.settle(interrupt, cpuList(effective)[0]?.first ?? 0);
    if (!affinity) return;
    interrupt.affinity = cpuList(affinity);
    if (!effective && interrupt.registered) this.#delivery.place(interrupt, interrupt.affinity);
  }

  #request(interrupt: SimulatedInterrupt, handlers: readonly string[]): void {
    const added = handlers.filter((handler) => !interrupt.handlers.includes(handler));
    if (handlers.length === 0 || (interrupt.type === 'intx' && added.length === 0)) return;
    interrupt.handlers.push(...added);
    interrupt.registered = true;
    const alone = interrupt.handlers.length === added.length || interrupt.type !== 'intx';
    if (alone && !this.#delivery.activate(interrupt)) throw new Error('the host is out of interrupt vectors');
  }

  #requestLine(device: SimulatedDevice): void {
    const interrupt = this.interrupts.get(device.line ?? -1);
    if (!interrupt || device.driver === undefined) return;
    device.lineHandlers = [handlerOf(device, 'intx', 0)];
    this.#request(interrupt, device.lineHandlers);
  }

  /** The line stays in /proc when its last handler goes. */
  #releaseLine(device: SimulatedDevice): void {
    const interrupt = this.interrupts.get(device.line ?? -1);
    if (!interrupt) return;
    interrupt.handlers = interrupt.handlers.filter((handler) => !device.lineHandlers.includes(handler));
    device.lineHandlers = [];
    if (interrupt.handlers.length === 0) this.#delivery.stop(interrupt);
  }

  #dropVectors(device: SimulatedDevice): void {
    for (const irq of device.vectors) {
      const interrupt = this.interrupts.get(irq);
      if (interrupt) this.#delivery.stop(interrupt);
      this.interrupts.delete(irq);
      this.#refusals.delete(irq);
      this.#denials.delete(irq);
      this.#lowestFree = Math.max(FIRST_MESSAGE_IRQ, Math.min(this.#lowestFree, irq));
    }
    device.vectors = [];
  }

  #freeNumber(): number {
    while (this.interrupts.has(this.#lowestFree)) this.#lowestFree++;
    return this.#lowestFree;
  }

  #device(address: string): SimulatedDevice {
    const device = this.devices.get(address);
    if (!device) throw new Error(`no device ${address}`);
    return device;
  }
}

/** As VFIO names them (kernel: drivers/vfio/pci/vfio_pci_intrs.c); other drivers mostly number theirs. */
function handlerOf({ address, driver }: SimulatedDevice, type: InterruptType, vector: number): string {
  if (!/(^|[-_])vfio([-_]|$)/.test(driver ?? '')) return type === 'intx' ? `${driver}` : `${driver}-${vector}`;
  return type === 'intx' ? `vfio-intx(${address})` : `vfio-${type}[${vector}](${address})`;
}
