import { type Cpuset, cpusetOf, EMPTY, has, intersect, size } from '../../src/domain/cpuset.js';
import { BitmapFormat } from './bitmap.js';
import { cpuList, type DeviceDescription, type HostDescription, pciAddress } from './description.js';
import { handlersOf, hasVfioName, type SimulatedDevice } from './device.js';
import { type AffinityWrite, Interrupts } from './interrupts.js';
import { Processes } from './processes.js';
import { type SimulatedInterrupt, VectorAllocator } from './vector-allocator.js';

/**
 * The part of a kernel that this project uses, in memory. It accepts and refuses writes as the real one does
 * (kernel/irq/proc.c, manage.c; arch/x86/kernel/apic/vector.c), and can simulate what drivers, guests and irqbalance do
 * to interrupts.
 */
export class SimulatedKernel {
  readonly present: Cpuset;
  readonly possible: Cpuset;
  readonly threadsPerCore: number | undefined;
  readonly masks: BitmapFormat;
  readonly defaultAffinity: Cpuset;
  /** further files, by path */
  readonly files: ReadonlyMap<string, string>;
  readonly nodes: { node: number; cpus: Cpuset }[];
  /** /proc/irq/N has effective_affinity */
  readonly hasEffectiveAffinity: boolean;
  readonly devices = new Map<string, SimulatedDevice>();
  /** running QEMUs, and others */
  readonly processes: Processes;
  readonly #interrupts: Interrupts;

  constructor(description: HostDescription) {
    const { cpus, nodes = [], vectorsPerCpu = Number.POSITIVE_INFINITY, kernel } = description;
    this.present = cpuList(cpus.present);
    this.possible = cpuList(cpus.possible ?? cpus.present);
    this.threadsPerCore = cpus.threadsPerCore;
    this.masks = new BitmapFormat((this.possible.at(-1)?.last ?? 0) + 1);
    this.nodes = nodes.map(({ node, cpus: list }) => ({ node, cpus: cpuList(list) }));
    this.defaultAffinity = description.defaultAffinity ? cpuList(description.defaultAffinity) : this.possible;
    this.files = new Map(Object.entries(description.files ?? {}));
    this.hasEffectiveAffinity = description.effectiveAffinity ?? true;
    const allocator = new VectorAllocator(cpuList(cpus.online ?? cpus.present), vectorsPerCpu);
    this.#interrupts = new Interrupts(allocator, this.masks, this.defaultAffinity, managedError(kernel));
    for (const { irq, handlers = [], ...rest } of description.interrupts ?? []) {
      this.#interrupts.add({ irq, type: 'intx', handlers }, rest);
    }
    for (const device of description.devices) this.attach(device);
    this.processes = new Processes(description.domains ?? [], description.processes ?? []);
  }

  get online(): Cpuset {
    return this.#interrupts.allocator.online;
  }

  /** The online threads of the CPU's core; undefined if it is offline, or if cores are not shown. */
  coreOf(cpu: number): Cpuset | undefined {
    const { threadsPerCore, online, present } = this;
    if (threadsPerCore === undefined || !has(online, cpu)) return undefined;
    const cores = Math.ceil(size(present) / threadsPerCore);
    return intersect(
      cpusetOf(Array.from({ length: threadsPerCore }, (_, thread) => (cpu % cores) + thread * cores)),
      online,
    );
  }

  get interrupts(): ReadonlyMap<number, SimulatedInterrupt> {
    return this.#interrupts.all;
  }

  get writes(): AffinityWrite[] {
    return this.#interrupts.writes;
  }

  /**
   * Enables MSI-X (or MSI), as a guest's driver does, with these IRQ numbers, or with so many of the lowest free ones.
   * The line is released. Only the first `requested` vectors get a handler: the others are phantoms.
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

  /**
   * As when the guest's driver is unloaded, or the device is reset: the vectors go, and VFIO requests the line again.
   */
  disableVectors(address: string): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#requestLine(device);
  }

  /**
   * Requests the handler of a phantom vector, or of a live one again, as when the guest unmasks it: its mask may
   * shrink.
   */
  request(address: string, vector: number): void {
    const device = this.#device(address);
    const interrupt = this.interrupts.get(device.vectors[vector] ?? -1);
    if (!interrupt) throw new Error(`${address} has no vector ${vector}`);
    this.#interrupts.request(interrupt, handlersOf(device, interrupt.type, vector));
  }

  /** Binds the device to another driver. Its vectors go, and the new driver requests the line. */
  bind(address: string, driver: string | undefined): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    device.driver = driver;
    device.isVfio = hasVfioName(driver);
    this.#requestLine(device);
  }

  attach({ address, driver, numaNode = -1, vfio, iommuGroup, interrupts = [] }: DeviceDescription): void {
    const device: SimulatedDevice = {
      address: pciAddress(address),
      driver,
      numaNode: numaNode === -1 ? undefined : numaNode,
      isVfio: vfio ?? hasVfioName(driver),
      iommuGroup,
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

  /** Removes the device from the host; the numbers of its vectors are free. */
  detach(address: string): void {
    const device = this.#device(address);
    this.#dropVectors(device);
    this.#releaseLine(device);
    this.devices.delete(address);
  }

  /**
   * Disables the device by removing its driver: if no other device uses its line, the number of the line is free, but
   * the device's irq file still contains it (kernel: drivers/acpi/pci_irq.c, acpi_pci_irq_disable). A later driver gets
   * the line with another number.
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

  /** As when a handler is requested again for a vector: the kernel intersects the mask with the device's node. */
  shrink(irq: number, to: Cpuset): void {
    this.move(irq, intersect(this.interrupts.get(irq)?.affinity ?? EMPTY, to));
  }

  /** Another program, such as irqbalance, moves an interrupt; no effect if the kernel would refuse. */
  move(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    const isRefused = !interrupt || interrupt.managed || intersect(to, this.online).length === 0;
    if (!isRefused) this.#interrupts.allocator.setAffinity(interrupt, to);
  }

  /** The interrupt occurs: a deferred move is done, and its CPU counts it. */
  occur(irq: number, times = 1): void {
    const interrupt = this.interrupts.get(irq);
    if (interrupt) this.#interrupts.allocator.occur(interrupt, times);
  }

  /** When a CPU goes offline, its interrupts move to others; they do not move back when it is online again. */
  setOnline(cpu: number, isOnline: boolean): void {
    this.#interrupts.allocator.setOnline(cpu, isOnline, this.interrupts.values());
  }

  /** The next writes to this interrupt fail with these errors. */
  failNextWrites(irq: number, ...codes: string[]): void {
    this.#interrupts.failNextWrites(irq, codes);
  }

  /** All writes to this interrupt fail with this error; without a code they succeed again. */
  failAllWrites(irq: number, code?: string): void {
    this.#interrupts.failAllWrites(irq, code);
  }

  /** These CPUs have no vector for this interrupt, until failAllWrites() says otherwise. */
  fill(irq: number, cpus: Cpuset): void {
    this.#interrupts.fill(irq, cpus);
  }

  /** A write to /proc/irq/N/smp_affinity or smp_affinity_list. @throws FileError with the kernel's code */
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

  /** Enables the device: its line gets an IRQ number, that of its input if another device uses that. */
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

/** The error of a write to a managed interrupt, by kernel version. */
function managedError(version = '6.12'): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 12) ? 'EPERM' : 'EIO';
}
