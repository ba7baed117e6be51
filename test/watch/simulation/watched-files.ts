import type { FileError, WritableFile } from '../../../src/host/pseudo-fs.js';
import type { DomainState } from '../../../src/runtime/domain-state.js';
import type { SimulatedKernel } from '../../simulator/kernel.js';
import { SimulatedFs } from '../../simulator/kernel-fs.js';
import { MemoryStates } from '../reconciled-host.js';
import { type Cpus, cpusOfMask, cpusOfRanges } from './cpus.js';

/** Called for each access; each may throw to end the process that makes it. */
export interface Observer {
  /** before each access of an interrupt, a device's driver or a process's command line */
  accessed(isWrite: boolean): void;
  /** before and after each change of what outlives a process */
  changing(): void;
  /** @param isMoved it is delivered to another CPU */
  written(irq: number, cpus: Cpus, before: Cpus, isMoved: boolean): void;
  failed(irq: number, code: string, cpus: Cpus): void;
}

/** The host's files, as one process sees them. */
export class WatchedFiles extends SimulatedFs {
  constructor(
    private readonly host: SimulatedKernel,
    private readonly observer: Observer,
  ) {
    super(host, (operation, path) => {
      if (/irq|driver|cmdline/.test(path)) observer.accessed(operation === 'write');
    });
  }

  override openToWrite(path: string): WritableFile {
    const file = super.openToWrite(path);
    return { ...file, write: (text) => this.#write(Number(path.split('/')[3]), text, file) };
  }

  #write(irq: number, text: string, file: WritableFile): void {
    const { affinity = [], effective } = this.host.interrupts.get(irq) ?? {};
    this.observer.changing();
    try {
      file.write(text);
    } catch (error) {
      this.observer.failed(irq, (error as FileError).code, cpusOfMask(text));
      throw error;
    }
    const isMoved = this.host.interrupts.get(irq)?.effective !== effective;
    this.observer.written(irq, cpusOfMask(text), cpusOfRanges(affinity), isMoved);
    this.observer.changing();
  }
}

/** The states in /run, as one process sees them. */
export class WatchedStates extends MemoryStates {
  constructor(
    private readonly observer: Pick<Observer, 'changing'>,
    private readonly shared: MemoryStates,
  ) {
    super();
  }

  override read(uuid: string): DomainState | undefined {
    return this.shared.read(uuid);
  }
  override has(uuid: string): boolean {
    return this.shared.has(uuid);
  }
  override list(): string[] {
    return this.shared.list();
  }
  override write(uuid: string, state: DomainState): void {
    this.observer.changing();
    this.shared.write(uuid, state);
    this.observer.changing();
  }
  override remove(uuid: string): void {
    this.observer.changing();
    this.shared.remove(uuid);
    this.observer.changing();
  }
}
