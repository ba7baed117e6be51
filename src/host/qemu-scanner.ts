import type { PciAddress } from '../domain/address.js';
import { type KernelSupport, listDescriptors, openAddresses, readDescriptor, readOpenDevices } from './open-devices.js';
import { isRunning, type ProcessId, readProcessId } from './process-id.js';
import { type OwnerRecords, ownerRecords, readOwner } from './process-owner.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { guestOf, innerPidOf, isQemu, type QemuProcess } from './qemu-process.js';
import { findQemu, pidFilesOnce } from './qemu-threads.js';

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
  /** the names of its descriptors when they were last listed */
  descriptors: readonly string[];
}

/** A process that is no QEMU may become one: a start is a fork and an exec. After so many scans it is not looked at. */
const MAX_LOOKS = 3;

/** Finds the QEMUs of the host that have VFIO devices open, again and again. */
export class QemuScanner {
  readonly #known = new Map<number, Known>();
  /** how often a process was no QEMU */
  readonly #others = new Map<number, number>();
  readonly #kernel: KernelSupport = {};

  constructor(private readonly files: PseudoFs) {}

  /**
   * @param thorough reads all processes and all descriptors, otherwise only those that are new
   * @throws FileError if /proc cannot be listed
   */
  scan(thorough: boolean): Scan {
    const { files } = this;
    const names = (files.list('/proc') ?? []).filter((name) => /^[1-9]\d*$/.test(name));
    const pids = new Set(names.map(Number));
    for (const known of [this.#known, this.#others]) {
      for (const pid of known.keys()) if (!pids.has(pid)) known.delete(pid);
    }
    const context = { records: ownerRecords(files), pidFiles: pidFilesOnce(files), thorough };
    let unreadable: FileError | undefined;
    for (const pid of pids) {
      try {
        this.#look(pid, context);
      } catch (error) {
        // what is known of it stays known until it has ended, unless it hides by the number of its descriptors
        if (!(error instanceof FileError)) throw error;
        unreadable ??= error;
        const known = this.#known.get(pid);
        if (known && error.code === 'E2BIG') known.qemu = undefined;
      }
    }
    return { qemus: withOwnDevices([...this.#known.values()].flatMap(({ qemu }) => qemu ?? [])), unreadable };
  }

  #look(pid: number, context: ScanContext): void {
    const { files } = this;
    const known = this.#known.get(pid);
    if (known && isRunning(files, known.id)) {
      const changed = this.#openDevices(pid, known, context.thorough);
      if (changed) this.#setQemu(known, changed, context);
      return;
    }
    this.#known.delete(pid);
    const looks = this.#others.get(pid) ?? 0;
    if (looks >= MAX_LOOKS && !context.thorough) return;
    const id = isQemu(files, pid) ? readProcessId(files, pid) : undefined;
    if (!id) {
      this.#others.set(pid, looks + 1);
      return;
    }
    this.#others.delete(pid);
    const added: Known = { id, qemu: undefined, descriptors: [] };
    this.#known.set(pid, added);
    this.#setQemu(added, this.#openDevices(pid, added, true) ?? [], context);
  }

  /** Undefined if nothing is new. */
  #openDevices(pid: number, known: Known, thorough: boolean): PciAddress[] | undefined {
    const { files } = this;
    const before = known.descriptors;
    known.descriptors = listDescriptors(files, pid) ?? [];
    if (!thorough && !this.#mayHaveChanged(pid, before, known.descriptors)) return undefined;
    const open = readOpenDevices(files, pid, this.#kernel);
    if (open instanceof FileError) throw open;
    return open ? openAddresses(files, open) : [];
  }

  /** Whether a descriptor has gone, or one of VFIO has come. The kernel lists them in ascending order. */
  #mayHaveChanged(pid: number, before: readonly string[], now: readonly string[]): boolean {
    if (before.length === now.length && before.every((name, index) => name === now[index])) return false;
    const known = new Set(before);
    const added = now.filter((name) => !known.delete(name));
    return known.size > 0 || added.some((name) => readDescriptor(this.files, pid, name) !== undefined);
  }

  #setQemu(known: Known, devices: readonly PciAddress[], { records, pidFiles }: ScanContext): void {
    const { files } = this;
    const { id } = known;
    if (known.qemu && devices.length > 0) {
      if (devices.join() !== known.qemu.devices.join()) known.qemu = { ...known.qemu, devices };
      return;
    }
    known.qemu = undefined;
    if (devices.length === 0) return;
    const guest = guestOf(files.read(`/proc/${id.pid}/cmdline`) ?? '');
    const owner = readOwner(files, id.pid, records);
    const innerPid = innerPidOf(files.read(`/proc/${id.pid}/status`) ?? '', id.pid);
    // all of it must be of one process
    if (!owner || !isRunning(files, id)) return;
    const isOfLibvirt = guest.name !== undefined && findQemu(files, guest.name, undefined, pidFiles()) === id.pid;
    known.qemu = { id, ...guest, isOfLibvirt, owner, innerPid, devices };
  }
}

/**
 * Each device belongs to one process: to the domain of libvirt, else to the one that started first. Its children have
 * the same files open, any number of them, and are no guests.
 */
function withOwnDevices(qemus: readonly QemuProcess[]): QemuProcess[] {
  const taken = new Set<PciAddress>();
  const rank = ({ isOfLibvirt, id }: QemuProcess) => [isOfLibvirt ? 0 : 1, id.startTime, id.pid] as const;
  const inOrder = [...qemus].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
  const found = new Map<QemuProcess, QemuProcess>();
  for (const qemu of inOrder) {
    const devices = qemu.devices.filter((address) => !taken.has(address));
    for (const address of devices) taken.add(address);
    if (devices.length === qemu.devices.length) found.set(qemu, qemu);
    else if (devices.length > 0) found.set(qemu, { ...qemu, devices });
  }
  return qemus.flatMap((qemu) => found.get(qemu) ?? []);
}

interface ScanContext {
  records: OwnerRecords;
  pidFiles(): ReadonlySet<string>;
  thorough: boolean;
}
