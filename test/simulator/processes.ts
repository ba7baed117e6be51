import { cpuList, type DomainDescription, type ProcessDescription } from './description.js';

/** QEMUs and other processes of a simulated host. */
export class Processes {
  /** running domains by UUID; below those of libvirt by name, and all by QEMU's pid */
  readonly domains = new Map<string, DomainDescription>();
  readonly byName = new Map<string, DomainDescription>();
  readonly byPid = new Map<number, DomainDescription>();
  /** other processes, by pid */
  readonly others = new Map<number, ProcessDescription>();

  constructor(domains: readonly DomainDescription[], others: readonly ProcessDescription[]) {
    for (const domain of domains) this.start(domain);
    for (const other of others) this.others.set(other.pid, other);
  }

  /** Starts a domain's QEMU, or replaces it. */
  start(domain: DomainDescription): void {
    for (const vcpu of domain.vcpus) cpuList(vcpu.cpus);
    this.stop(domain.uuid);
    this.domains.set(domain.uuid, domain);
    if (domain.process?.isOfLibvirt ?? !domain.process) this.byName.set(domain.name, domain);
    this.byPid.set(domain.pid, domain);
  }

  stop(uuid: string): void {
    const domain = this.domains.get(uuid);
    if (!domain) return;
    this.domains.delete(uuid);
    if (this.byName.get(domain.name) === domain) this.byName.delete(domain.name);
    this.byPid.delete(domain.pid);
  }

  /** QEMU opens and closes devices, as when they are plugged and unplugged. */
  setOpen(uuid: string, addresses: readonly string[]): void {
    const domain = this.domains.get(uuid);
    if (!domain) throw new Error(`no domain ${uuid} runs`);
    this.start({ ...domain, open: [...addresses] });
  }

  /** virsh vcpupin --live. A vCPU that does not exist is plugged. */
  pin(uuid: string, vcpu: number, cpus: string): void {
    const domain = this.domains.get(uuid);
    if (!domain) throw new Error(`no domain ${uuid} runs`);
    const vcpus = [...domain.vcpus.filter((other) => other.vcpu !== vcpu), { vcpu, cpus }];
    this.start({ ...domain, vcpus: vcpus.sort((a, b) => a.vcpu - b.vcpu) });
  }
}
