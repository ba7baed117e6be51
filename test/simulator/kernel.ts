import { type Cpuset, EMPTY, intersect } from '../../src/domain/cpuset.js';
import { BitmapFormat } from './bitmap.js';
import { cpuList, type DeviceDescription, type HostDescription, pciAddress } from './description.js';
import { handlersOf, type SimulatedDevice } from './device.js';
import { type AffinityWrite, Interrupts } from './interrupts.js';
import { Processes } from './processes.js';
import { Delivery, type SimulatedInterrupt } from './vector-allocator.js';

/**
 * The part of a kernel that this project touches, in memory. It takes and refuses writes as the real one does
 * (kernel/irq/proc.c, manage.c; arch/x86/kernel/apic/vector.c) and can do what the real one does to interrupts behind
 * everybody's back.
 */
export class SimulatedKernel {
  readonly present: Cpuset;
  readonly possible: Cpuset;
  readonly masks: BitmapFormat;
  readonly defaultAffinity: Cpuset;
  readonly nodes: { node: number; cpus: Cpuset }[];
  /** whether /proc/irq/N says where an interrupt is delivered */
  readonly tellsEffective: boolean;
  readonly devices = new Map<string, SimulatedDevice>();
  /** running QEMUs, and others */
  readonly processes: Processes;
  readonly #interrupts: Interrupts;

  constructor(description: HostDescription) {
    const { cpus, nodes = [], vectorsPerCpu = Number.POSITIVE_INFINITY, kernel } = description;
    this.present = cpuList(cpus.present);
    this.possible = cpuList(cpus.possible ?? cpus.present);
    this.masks = new BitmapFormat((this.possible.at(-1)?.last ?? 0) + 1);
    this.nodes = nodes.map(({ node, cpus: list }) => ({ node, cpus: cpuList(list) }));
    this.defaultAffinity = description.defaultAffinity ? cpuList(description.defaultAffinity) : this.possible;
    this.tellsEffective = description.effectiveAffinity ?? true;
    const delivery = new Delivery(cpuList(cpus.online ?? cpus.present), vectorsPerCpu);
    this.#interrupts = new Interrupts(delivery, this.masks, this.defaultAffinity, managedCode(kernel));
    for (const { irq, handlers = [], ...rest } of description.interrupts ?? []) {
      this.#interrupts.add({ irq, type: 'intx', handlers }, rest);
    }
    for (const device of description.devices) this.attach(device);
    this.processes = new Processes(description.domains ?? [], description.processes ?? []);
  }

  get online(): Cpuset {
    return this.#interrupts.delivery.online;
  }

  get interrupts(): ReadonlyMap<number, SimulatedInterrupt> {
    return this.#interrupts.all;
  }

  get writes(): AffinityWrite[] {
    return this.#interrupts.writes;
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
    const near = this.#cpusOfNode(device.numaNode);
    for (let vector = 0; vector < (typeof irqs === 'number' ? irqs : irqs.length); vector++) {
      const irq = typeof irqs === 'number' ? this.#interrupts.freeNumber() : (irqs[vector] as number);
      const handlers = vector < requested ? handlersOf(device, type, vector) : [];
      this.#interrupts.add({ irq, type, handlers, input: vector, near });
      device.vectors.push(irq);
    }
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
    this.#interrupts.request(interrupt, handlersOf(device, interrupt.type, vector));
  }

  /** The device changes its driver: to VFIO for a guest, or back. Its vectors go, the new driver takes the line. */
  bind(address: string, driver: string | undefined): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    device.driver = driver;
    this.#requestLine(device);
  }

  attach({ address, driver, numaNode = -1, interrupts = [] }: DeviceDescription): void {
    const device: SimulatedDevice = {
      address: pciAddress(address),
      driver,
      numaNode: numaNode === -1 ? undefined : numaNode,
      line: undefined,
      lineInput: undefined,
      lineFreed: false,
      lineHandlers: [],
      vectors: [],
    };
    this.devices.set(address, device);
    const near = this.#cpusOfNode(device.numaNode);
    for (const { irq, type, handlers, ...rest } of interrupts.filter((interrupt) => interrupt.type !== 'intx')) {
      const own = handlers ?? handlersOf(device, type, device.vectors.length);
      this.#interrupts.add({ irq, type, handlers: own, input: device.vectors.length, near }, rest);
      device.vectors.push(irq);
    }
    for (const { irq, type, handlers, ...rest } of interrupts.filter((interrupt) => interrupt.type === 'intx')) {
      device.line = irq;
      device.lineInput = irq;
      device.lineHandlers = handlers ?? (device.vectors.length > 0 ? [] : handlersOf(device, type));
      this.#interrupts.add({ irq, type, handlers: device.lineHandlers }, rest);
    }
  }

  /** The device leaves the host; its vectors' numbers are free. */
  detach(address: string): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    this.devices.delete(address);
  }

  /**
   * A device without a driver is disabled: where no other is on its line, the number of that is free. Its irq file goes on naming it
   * (kernel: drivers/acpi/pci_irq.c, acpi_pci_irq_disable). A driver, or a guest, gets the line under another number.
   */
  freeLine(address: string): void {
    this.bind(address, undefined);
    const device = this.#device(address);
    const interrupt = this.#lineOf(device);
    if (!interrupt) return;
    device.lineFreed = true;
    const others = [...this.devices.values()].filter((other) => this.#lineOf(other) === interrupt);
    if (others.length === 0 && interrupt.handlers.length === 0) this.#interrupts.remove(interrupt.irq);
  }

  /** A handler is requested again on a live vector: the kernel ANDs the mask with the device's node. */
  shrink(irq: number, to: Cpuset): void {
    this.move(irq, intersect(this.interrupts.get(irq)?.affinity ?? EMPTY, to));
  }

  /** Somebody else, irqbalance say, moves an interrupt; without effect where the kernel would refuse. */
  move(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    const refused = !interrupt || interrupt.managed || intersect(to, this.online).length === 0;
    if (!refused) this.#interrupts.delivery.place(interrupt, to);
  }

  /** The interrupt occurs: it is counted where it is delivered, and what was deferred is done. */
  occur(irq: number, times = 1): void {
    const interrupt = this.interrupts.get(irq);
    if (interrupt) this.#interrupts.delivery.occur(interrupt, times);
  }

  /** An offline CPU takes its interrupts with it to all others; coming back, it does not bring them. */
  setOnline(cpu: number, isOnline: boolean): void {
    this.#interrupts.delivery.setOnline(cpu, isOnline, this.interrupts.values());
  }

  /** The next writes to this interrupt fail with these errors. */
  refuse(irq: number, ...codes: string[]): void {
    this.#interrupts.refuse(irq, codes);
  }

  /** Every write to this interrupt fails with this error; without one, no longer. */
  deny(irq: number, code?: string): void {
    this.#interrupts.deny(irq, code);
  }

  /** A write to /proc/irq/N/smp_affinity, or smp_affinity_list. @throws FileError with the kernel's code */
  writeAffinity(irq: number, text: string, form: 'mask' | 'list' = 'mask'): void {
    this.#interrupts.write(irq, text, form);
  }

  #requestLine(device: SimulatedDevice): void {
    if (device.driver !== undefined) this.#allocateLine(device);
    const interrupt = this.#lineOf(device);
    if (!interrupt) return;
    device.lineHandlers = handlersOf(device, 'intx');
    this.#interrupts.request(interrupt, device.lineHandlers);
  }

  /** The device is enabled: its line has a number again, that of its input if another device uses it. */
  #allocateLine(device: SimulatedDevice): void {
    const { lineInput: input } = device;
    if (!device.lineFreed || input === undefined) return;
    const used = [...this.interrupts.values()].find((one) => one.type === 'intx' && one.input === input);
    device.line = used?.irq ?? this.#interrupts.freeNumber();
    device.lineFreed = false;
    if (!used) this.#interrupts.add({ irq: device.line, type: 'intx', input, handlers: [] });
  }

  #lineOf({ line, lineFreed }: SimulatedDevice): SimulatedInterrupt | undefined {
    return lineFreed ? undefined : this.interrupts.get(line ?? -1);
  }

  #releaseLine(device: SimulatedDevice): void {
    const interrupt = this.#lineOf(device);
    if (interrupt) this.#interrupts.release(interrupt, device.lineHandlers);
    device.lineHandlers = [];
  }

  #dropVectors(device: SimulatedDevice): void {
    for (const irq of device.vectors) this.#interrupts.remove(irq);
    device.vectors = [];
  }

  #cpusOfNode(number: number | undefined): Cpuset {
    return this.nodes.find(({ node }) => node === number)?.cpus ?? EMPTY;
  }

  #device(address: string): SimulatedDevice {
    const device = this.devices.get(address);
    if (!device) throw new Error(`no device ${address}`);
    return device;
  }
}

/** What a managed interrupt answers to a write, by the kernel's version. */
function managedCode(version = '6.12'): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 12) ? 'EPERM' : 'EIO';
}
