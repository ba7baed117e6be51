import type { PciAddress } from '../../domain/address.js';
import { parseMask } from '../../domain/cpu-mask.js';
import { type Cpuset, EMPTY, equal, intersect, isSubset, subtract, union } from '../../domain/cpuset.js';
import { FileError } from '../files.js';
import type { InterruptType } from '../pci-device.js';
import {
  cpuList,
  type DeviceDescription,
  type DomainDescription,
  type HostDescription,
  type InterruptDescription,
  pciAddress,
} from './description.js';

export interface SimulatedInterrupt {
  irq: number;
  type: InterruptType;
  handlers: string[];
  affinity: Cpuset;
  effective: Cpuset;
  managed: boolean;
  counts: Record<string, number>;
}

export interface SimulatedDevice {
  address: PciAddress;
  driver: string | undefined;
  numaNode: number | undefined;
  /** its interrupts, by IRQ number; the line, too, where no message interrupts are on */
  irqs: number[];
}

/** A write that reached an interrupt: what the tests look at. */
export interface AffinityWrite {
  irq: number;
  set: Cpuset;
}

/**
 * The part of a kernel that this project touches, in memory. It takes and refuses writes as the real one does
 * (kernel/irq/proc.c, manage.c; arch/x86/kernel/apic/vector.c) and can do what the real one does to interrupts behind
 * everybody's back.
 */
export class SimulatedKernel {
  readonly present: Cpuset;
  online: Cpuset;
  defaultAffinity: Cpuset;
  readonly nodes: { node: number; cpus: Cpuset }[];
  readonly devices = new Map<string, SimulatedDevice>();
  readonly interrupts = new Map<number, SimulatedInterrupt>();
  /** running QEMUs, by domain UUID */
  readonly domains = new Map<string, DomainDescription>();
  readonly processes: { pid: number; command: string }[];
  readonly writes: AffinityWrite[] = [];
  /** errors that the next writes to an interrupt meet, first first */
  readonly #refusals = new Map<number, string[]>();

  constructor(description: HostDescription) {
    this.present = cpuList(description.cpus.present);
    this.online = cpuList(description.cpus.online ?? description.cpus.present);
    this.nodes = (description.nodes ?? []).map(({ node, cpus }) => ({ node, cpus: cpuList(cpus) }));
    this.defaultAffinity = description.defaultAffinity ? cpuList(description.defaultAffinity) : this.present;
    for (const device of description.devices) this.#addDevice(device);
    for (const domain of description.domains ?? []) this.domains.set(domain.uuid, domain);
    this.processes = description.processes ?? [];
    for (const { irq, ...rest } of description.interrupts ?? [])
      this.#addInterrupt(irq, 'intx', rest.handlers ?? [], rest);
  }

  /** Turns MSI-X (or MSI) on, as a guest's driver does: vectors with these numbers, masks as at birth. */
  enableVectors(address: string, irqs: readonly number[], type: 'msix' | 'msi' = 'msix'): void {
    const device = this.#device(address);
    this.disableVectors(address);
    irqs.forEach((irq, vector) => {
      device.irqs.push(irq);
      this.#addInterrupt(irq, type, [`vfio-${type}[${vector}](${device.address})`], {}, device.numaNode);
    });
  }

  /** The guest's driver is unloaded, or the device reset: the vectors go. */
  disableVectors(address: string): void {
    const device = this.#device(address);
    for (const irq of device.irqs) this.interrupts.delete(irq);
    device.irqs = [];
  }

  attach(device: DeviceDescription): void {
    this.#addDevice(device);
  }

  /** The device leaves the host, or the guest; its numbers are free. */
  detach(address: string): void {
    this.disableVectors(address);
    this.devices.delete(address);
  }

  /** A handler is requested again on a live vector: the kernel ANDs the mask with the device's node. */
  shrink(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    const rest = interrupt && intersect(interrupt.affinity, to);
    if (interrupt && rest && rest.length > 0) this.#place(interrupt, rest);
  }

  /** An offline CPU takes its interrupts with it to all others; coming back, it does not bring them. */
  setOnline(cpu: number, isOnline: boolean): void {
    const one: Cpuset = [{ first: cpu, last: cpu }];
    this.online = isOnline ? union(this.online, one) : subtract(this.online, one);
    for (const interrupt of this.interrupts.values()) {
      if (intersect(interrupt.affinity, this.online).length === 0) interrupt.affinity = this.online;
      if (!isSubset(interrupt.effective, this.online)) this.#place(interrupt, interrupt.affinity);
    }
  }

  /** The next writes to this interrupt fail with these errors. */
  refuse(irq: number, ...codes: string[]): void {
    this.#refusals.set(irq, [...(this.#refusals.get(irq) ?? []), ...codes]);
  }

  /** Somebody else, irqbalance say, moves an interrupt. */
  move(irq: number, to: Cpuset): void {
    const interrupt = this.interrupts.get(irq);
    if (interrupt) this.#place(interrupt, to);
  }

  /** A write to /proc/irq/N/smp_affinity. @throws FileError with the kernel's code */
  writeAffinity(irq: number, text: string): void {
    const path = `/proc/irq/${irq}/smp_affinity`;
    const interrupt = this.interrupts.get(irq);
    if (!interrupt || interrupt.handlers.length === 0) throw new FileError('ENOENT', path);
    if (interrupt.managed) throw new FileError('EPERM', path);
    const code = this.#refusals.get(irq)?.shift();
    if (code) throw new FileError(code, path);
    const set = parseMask(text);
    if (!set) throw new FileError('EINVAL', path);
    if (!isSubset(set, this.present)) throw new FileError('EOVERFLOW', path);
    if (intersect(set, this.online).length === 0) throw new FileError('EINVAL', path);
    this.writes.push({ irq, set });
    this.#place(interrupt, set);
  }

  /** x86 delivers to one CPU of the mask, and stays where it is as long as the mask allows. */
  #place(interrupt: SimulatedInterrupt, affinity: Cpuset): void {
    const usable = intersect(affinity, this.online);
    interrupt.affinity = affinity;
    if (interrupt.effective.length > 0 && isSubset(interrupt.effective, usable)) return;
    const first = usable[0]?.first ?? this.online[0]?.first ?? 0;
    interrupt.effective = [{ first, last: first }];
  }

  #addDevice({ address, driver, numaNode, interrupts = [] }: DeviceDescription): void {
    const device: SimulatedDevice = { address: pciAddress(address), driver, numaNode, irqs: [] };
    this.devices.set(address, device);
    let vector = 0;
    for (const { irq, type, ...rest } of interrupts) {
      device.irqs.push(irq);
      const own = type === 'intx' ? `vfio-intx(${address})` : `vfio-${type}[${vector++}](${address})`;
      const handlers = rest.handlers ?? [/vfio/.test(driver ?? '') ? own : (driver ?? 'unknown')];
      this.#addInterrupt(irq, type, handlers, rest, numaNode);
    }
  }

  #addInterrupt(
    irq: number,
    type: InterruptType,
    handlers: string[],
    { affinity, effective, managed, counts }: InterruptDescription,
    numaNode?: number,
  ): void {
    const interrupt: SimulatedInterrupt = {
      irq,
      type,
      handlers,
      affinity: EMPTY,
      effective: effective ? cpuList(effective) : EMPTY,
      managed: managed ?? false,
      counts: counts ?? {},
    };
    this.interrupts.set(irq, interrupt);
    this.#place(interrupt, affinity ? cpuList(affinity) : this.#birthMask(numaNode));
  }

  /** The default mask, within the device's node where that leaves anything (kernel: irq_setup_affinity). */
  #birthMask(numaNode: number | undefined): Cpuset {
    const node = this.nodes.find((candidate) => candidate.node === numaNode)?.cpus ?? EMPTY;
    const near = intersect(this.defaultAffinity, node);
    return near.length > 0 && !equal(near, this.defaultAffinity) ? near : this.defaultAffinity;
  }

  #device(address: string): SimulatedDevice {
    const device = this.devices.get(address);
    if (!device) throw new Error(`no device ${address}`);
    return device;
  }
}
