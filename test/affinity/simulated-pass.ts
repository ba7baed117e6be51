import type { DomainPlan } from '../../src/affinity/domain-plan.js';
import { enforceDomain, type PassHost, planDomain } from '../../src/affinity/reconcile-domain.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, formatCpuset } from '../../src/domain/cpuset.js';
import { readDefinition } from '../../src/domain/definition.js';
import type { PolicySettings } from '../../src/domain/effective-policy.js';
import { type PlainDefinition, plainDefinition } from '../../src/domain/plain-definition.js';
import type { PolicyText } from '../../src/domain/policy.js';
import type { PseudoFs } from '../../src/host/pseudo-fs.js';
import { type DomainReport, domainReport, type InterruptReport } from '../../src/report/report.js';
import { StateStore } from '../../src/runtime/state-store.js';
import { parseXml } from '../../src/xml/parse.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

export const UUID = '0d6a7c11-3f0e-4f57-9d0b-5d3a4a1f2e01';
/** Devices of the tests: A and B belong to the guest, C to a neighbour. */
export const A = '0000:06:00.0';
export const B = '0000:07:00.0';
export const C = '0000:08:00.0';

/** Parses a CPU list. */
export const setOf = (list: string): Cpuset => parseCpuList(list) as Cpuset;

/** A hostdev element with its policy as an attribute. @param more other attributes of the policy */
export function hostdev(address: string, cpuset?: string, more: Omit<PolicyText, 'cpuset'> = {}): string {
  const [domain, bus, slot, fn] = address.split(/[:.]/);
  const stated = Object.entries({ cpuset, ...more }).filter(([, value]) => value !== undefined);
  const attribute = stated.map(([name, value]) => ` ${name}='${value}'`).join('');
  const fields = `domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'`;
  return `<hostdev mode='subsystem' type='pci'${attribute}><source><address ${fields}/></source></hostdev>`;
}

/** The definition of a domain, as the watcher keeps it. */
export function plainOf(xml: string): PlainDefinition {
  return plainDefinition(readDefinition(parseXml(xml)));
}

/** A guest with these devices. Its two vCPUs are on CPU 2-3 unless `placement` overrides it. */
export function guest(
  devices: string,
  { placement = "<vcpu cpuset='2-3'>2</vcpu>", metadata = '' } = {},
): PlainDefinition {
  const ours = metadata && `<metadata>${metadata}</metadata>`;
  const head = `<name>guest</name><uuid>${UUID}</uuid>${ours}${placement}`;
  return plainOf(`<domain type='kvm'>${head}<devices>${devices}</devices></domain>`);
}

/** A VFIO device with MSI-X vectors that have these IRQs. */
export function vfio(address: string, ...irqs: number[]): DeviceDescription {
  return { address, driver: 'vfio-pci', interrupts: irqs.map((irq) => ({ irq, type: 'msix' })) };
}

/** A host of eight CPUs with these devices. */
export function hostOf(devices: DeviceDescription[], more: Partial<HostDescription> = {}): SimulatedKernel {
  return new SimulatedKernel({ cpus: { present: '0-7' }, devices, ...more });
}

/** Passes over one domain on a simulated host. */
export class Simulated {
  readonly host: PassHost;
  readonly pauses: number[] = [];

  constructor(
    readonly kernel: SimulatedKernel,
    root: string,
    { settings = {}, files = new SimulatedFs(kernel) }: { settings?: PolicySettings; files?: PseudoFs } = {},
  ) {
    const pause = (milliseconds: number) => void this.pauses.push(milliseconds);
    this.host = { files, state: new StateStore(root), settings, pause };
  }

  planned(definition: PlainDefinition): DomainPlan {
    return planDomain(this.host, definition);
  }

  applied(definition: PlainDefinition): DomainPlan {
    const { applied, stateError } = enforceDomain(this.host, definition);
    if (stateError) throw stateError;
    return applied;
  }

  /** The plan as a report. */
  plan(definition: PlainDefinition): DomainReport {
    return domainReport(this.planned(definition));
  }

  enforce(definition: PlainDefinition): DomainReport {
    return domainReport(this.applied(definition));
  }

  /** The writes since the last call: `41=2-3`. */
  written(): string[] {
    const writes = this.kernel.writes.splice(0);
    return writes.map(({ irq, set }) => `${irq}=${formatCpuset(set)}`);
  }
}

/** All interrupts of a report, by IRQ. */
export function interrupts({ devices }: DomainReport): Map<number, InterruptReport> {
  return new Map(devices.flatMap((device) => device.interrupts.map((interrupt) => [interrupt.irq, interrupt])));
}

/** A report in short: `41 set`, `42 skip: shared with ahci`. */
export function outcomes(report: DomainReport): string[] {
  return [...interrupts(report).values()].map(
    ({ irq, action, reason }) => `${irq} ${action}${reason === null ? '' : `: ${reason}`}`,
  );
}

/** A vector's IRQ goes to another device right after the last read of its handlers. */
export class NumberGoes extends SimulatedFs {
  constructor(
    private readonly own: SimulatedKernel,
    private readonly irq: number,
    private reads = 1,
  ) {
    super(own);
  }

  override read(path: string): string | undefined {
    const text = super.read(path);
    if (path === `/sys/kernel/irq/${this.irq}/actions` && --this.reads === 0) {
      this.own.disableVectors(A);
      this.own.attach({ address: C, driver: 'nvme', interrupts: [{ irq: this.irq, type: 'msix', affinity: '2-3' }] });
    }
    return text;
  }
}

/** `happening` takes place right after the first write, as the kernel or another program might act. */
export class AfterWrite extends SimulatedFs {
  constructor(
    kernel: SimulatedKernel,
    private happening: () => void,
  ) {
    super(kernel);
  }

  protected override write(irq: number, text: string, form: 'mask' | 'list'): void {
    super.write(irq, text, form);
    const { happening } = this;
    this.happening = () => {};
    happening();
  }
}
