import type { PciAddress } from '../domain/address.js';
import { openAddresses, openDevicesOf } from './open-devices.js';
import { OwnerBudgets, type OwnerContext } from './owner-budgets.js';
import { isRunning, type ProcessId, readProcessId } from './process-id.js';
import { type OwnerRecords, ownerRecords, readOwner, withPodNames } from './process-owner.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { guestOf, innerPidOf, isQemu, type QemuProcess } from './qemu-process.js';
import { isQemuOf, namesInPidFiles } from './qemu-threads.js';
import {
  areNamedAsBefore,
  type KernelSupport,
  listDescriptors,
  readDescriptor,
  readVfioDescriptors,
  type VfioDescriptor,
} from './vfio-descriptors.js';
import { rivals, withOwnDevices } from './vfio-holders.js';

/** What one look at /proc found. */
export interface Scan {
  /** the QEMUs that have VFIO devices open */
  qemus: QemuProcess[];
  /** why processes could not be read; undefined: all could */
  unreadable: FileError | undefined;
}

/** A process that runs QEMU. */
interface Known {
  id: ProcessId;
  qemu: QemuProcess | undefined;
  /** the number of its descriptors, read before they were last listed; undefined: the kernel does not tell */
  count?: number | undefined;
  /** the names of its descriptors when they were last listed */
  descriptors: readonly string[];
  /** those with the name of a VFIO file */
  named: readonly VfioDescriptor[];
}

/** A process that is no QEMU may become one: a start is a fork and an exec. After so many scans it is not looked at. */
const MAX_LOOKS = 3;

/** After more new descriptors than this, all are read, in a limited time. */
const MAX_ADDED = 16;

/** Finds the QEMUs of the host that have VFIO devices open, again and again. */
export class QemuScanner {
  readonly #known = new Map<number, Known>();
  /** how often a process was no QEMU */
  readonly #others = new Map<number, number>();
  readonly #kernel: KernelSupport = {};
  readonly #budgets: OwnerBudgets;

  constructor(private readonly files: PseudoFs) {
    this.#budgets = new OwnerBudgets(files);
  }

  /**
   * @param thorough looks at all processes, otherwise only at those that are new or whose descriptors have changed, in
   * their names or, where the kernel tells it, in their number
   * @throws FileError if /proc cannot be listed
   */
  scan(thorough: boolean): Scan {
    const steps = this.steps(thorough);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /** The same in steps, of one process each: make no other scan meanwhile. */
  *steps(thorough: boolean): Generator<void, Scan> {
    const { files } = this;
    this.#budgets.refresh();
    const names = (files.list('/proc') ?? []).filter((name) => /^[1-9]\d*$/.test(name));
    // a list is in no order, and reports have that of the scan
    const pids = new Set(names.map(Number).sort((a, b) => a - b));
    for (const known of [this.#known, this.#others]) {
      for (const pid of known.keys()) if (!pids.has(pid)) known.delete(pid);
    }
    const context = { records: ownerRecords(files), namesOf: namesInPidFiles(files), thorough };
    const read = new Set<number>();
    let unreadable: FileError | undefined;
    const attempt = (pid: number, look: () => boolean, isRival = false) => {
      try {
        if (this.#budgets.read(pid, context, look, () => this.#known.get(pid)?.id)) read.add(pid);
      } catch (error) {
        // what is known of it stays known until it has ended, unless it hides by the number of its descriptors
        if (!(error instanceof FileError)) throw error;
        unreadable ??= error;
        const known = this.#known.get(pid);
        if (known && (isRival || error.code === 'E2BIG')) known.qemu = undefined;
      }
    };
    for (const pid of pids) {
      attempt(pid, () => this.#look(pid, context));
      yield;
    }
    // only the names of files were compared, and another file may have that name by now
    for (const { id } of rivals(this.#qemus())) {
      const known = this.#known.get(id.pid);
      if (!known || read.has(id.pid)) continue;
      attempt(id.pid, () => this.#read(known, context), true);
      yield;
    }
    return { qemus: withOwnDevices(this.#qemus()), unreadable };
  }

  #qemus(): QemuProcess[] {
    return [...this.#known.values()].flatMap(({ qemu }) => qemu ?? []);
  }

  /** True if all of its descriptors were read. */
  #look(pid: number, context: ScanContext): boolean {
    const { files } = this;
    const known = this.#known.get(pid);
    if (known && isRunning(files, known.id)) return this.#haveChanged(known, context) && this.#read(known, context);
    this.#known.delete(pid);
    const looks = this.#others.get(pid) ?? 0;
    if (looks >= MAX_LOOKS && !context.thorough) return false;
    const id = isQemu(files, pid) ? readProcessId(files, pid) : undefined;
    if (!id) {
      this.#others.set(pid, looks + 1);
      return false;
    }
    this.#others.delete(pid);
    const added: Known = { id, qemu: undefined, descriptors: [], named: [] };
    this.#known.set(pid, added);
    return this.#read(added, context);
  }

  #haveChanged(known: Known, { thorough, records }: ScanContext): boolean {
    const { files } = this;
    const { pid } = known.id;
    this.#refreshOwner(known, records);
    const count = files.countDescriptors(pid);
    if (!thorough && count !== undefined && count === known.count) return false;
    const now = listDescriptors(files, pid) ?? [];
    const before = known.descriptors;
    // their order changes only with the list
    if (before.length === now.length && before.every((name, index) => name === now[index])) {
      // one may have been closed, and opened for another device
      const { named } = known;
      known.count = count;
      return thorough && !(named.every(({ isOpen }) => isOpen) && areNamedAsBefore(files, pid, named, this.#kernel));
    }
    if (thorough) return true;
    const missing = new Set(before);
    const added = now.filter((name) => !missing.delete(name));
    if (
      missing.size > 0 ||
      added.length > MAX_ADDED ||
      added.some((name) => readDescriptor(files, pid, name) !== undefined)
    )
      return true;
    Object.assign(known, { descriptors: now, count });
    return false;
  }

  #refreshOwner(known: Known, records: OwnerRecords): void {
    if (!known.qemu) return;
    const owner = withPodNames(known.qemu.owner, records);
    if (owner !== known.qemu.owner) known.qemu = { ...known.qemu, owner };
  }

  /** Reads all of its descriptors. */
  #read(known: Known, context: ScanContext): true {
    const { files } = this;
    const { pid } = known.id;
    const count = files.countDescriptors(pid);
    const descriptors = listDescriptors(files, pid) ?? [];
    const named = readVfioDescriptors(files, pid, descriptors, this.#kernel);
    this.#setQemu(known, openAddresses(files, openDevicesOf(named)), context);
    Object.assign(known, { count, descriptors, named });
    return true;
  }

  #setQemu(known: Known, devices: readonly PciAddress[], { records, namesOf }: ScanContext): void {
    const { files } = this;
    const { id } = known;
    if (known.qemu && devices.length > 0) {
      if (devices.join() !== known.qemu.devices.join()) known.qemu = { ...known.qemu, devices };
      return;
    }
    known.qemu = undefined;
    if (devices.length === 0) return;
    const owner = readOwner(files, id.pid, records);
    const innerPid = innerPidOf(files.read(`/proc/${id.pid}/status`) ?? '', id.pid);
    const isOfLibvirt = namesOf(id.pid).some((name) => isQemuOf(files, id.pid, name, undefined));
    // reading a command line waits for the memory of the process, which other users than root can block forever
    const isTrusted = isOfLibvirt || owner?.kind === 'host';
    const guest = isTrusted ? guestOf(files.read(`/proc/${id.pid}/cmdline`) ?? '') : NAMELESS;
    // all of it must be of one process
    if (!owner || !isRunning(files, id)) return;
    known.qemu = { id, ...guest, isOfLibvirt, owner, innerPid, devices };
  }
}

const NAMELESS = { name: undefined, uuid: undefined };

interface ScanContext extends OwnerContext {
  thorough: boolean;
}
