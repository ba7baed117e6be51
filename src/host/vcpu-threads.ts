import { parseCpuList } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { OpenFile, PseudoFs } from './pseudo-fs.js';
import {
  allowedList,
  findQemu,
  isQemuOf,
  listThreads,
  readThreadName,
  threadCount,
  type VcpuOfThread,
  type VcpuThreads,
  vcpuInName,
  vcpuThreads,
} from './qemu-threads.js';

interface VcpuThread {
  vcpu: VcpuOfThread;
  status: OpenFile;
  list: string | undefined;
  cpus: Cpuset | undefined;
}

/** Reads the vCPU threads of one domain repeatedly: one system call per thread, and one for their list. */
export class VcpuThreadReader {
  #pid: number | undefined;
  /** comm of a vCPU thread: unlike that of the process, it cannot be read once QEMU is a zombie */
  #vcpuName: OpenFile | undefined;
  /** by thread id; undefined: not a vCPU thread */
  #threads = new Map<string, VcpuThread | undefined>();
  /** the name of QEMU's main thread; a new thread has it until it gets its own */
  #mainName: string | undefined;
  /** threads that appeared with that name; they may be vCPU threads */
  readonly #unnamed = new Set<string>();
  #latest: VcpuThreads | undefined;
  /** `Threads:` in a status file at the last listing */
  #threadCount: string | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly name: string,
    private readonly uuid: string | undefined,
  ) {}

  /**
   * As readVcpuThreads; returns the same object if nothing has changed.
   * @param thorough also checks that the process is still this domain's, and the names of all threads
   * @param pidFiles listPidFiles(): called only if the process has to be found
   */
  read(thorough: boolean, pidFiles?: () => ReadonlySet<string>): VcpuThreads | undefined {
    const { files, name, uuid } = this;
    if (this.#pid !== undefined && thorough && !isQemuOf(files, this.#pid, name, uuid)) this.close();
    if (this.#pid !== undefined && thorough) this.#findNewNames(this.#pid, this.#threads.keys());
    const tids = this.#pid === undefined ? undefined : listThreads(files, this.#pid);
    if (this.#pid !== undefined && tids && this.#refresh(this.#pid, tids)) {
      // a process with vCPU threads runs: a zombie keeps only its main thread
      if (this.#latest?.cpus || isQemuOf(files, this.#pid, name, uuid)) return this.#latest;
    }
    this.close();
    const pid = findQemu(files, name, uuid, pidFiles?.());
    if (pid === undefined) return undefined;
    this.#pid = pid;
    this.#mainName = readThreadName(files, pid, `${pid}`);
    this.#refresh(pid, listThreads(files, pid) ?? []);
    this.#latest ??= vcpuThreads(pid, this.#known());
    return this.#latest;
  }

  /** The last result of read(). */
  get latest(): VcpuThreads | undefined {
    return this.#latest;
  }

  /**
   * True if the affinities and the number of the threads are unchanged: one system call per vCPU. Without vCPU threads,
   * true if the process runs.
   */
  isUnchanged(): boolean {
    if (!this.#latest) return false;
    if (!this.#latest.cpus) return this.isRunning();
    if (this.#threadCount === undefined) return false;
    for (const thread of this.#threads.values()) {
      if (!thread) continue;
      const text = thread.status.read() ?? '';
      if (allowedList(text) !== thread.list || threadCount(text) !== this.#threadCount) return false;
    }
    return true;
  }

  /**
   * True if the process still runs: one short read, or a read of the command line if no vCPU thread is known.
   * @throws FileError
   */
  isRunning(): boolean {
    if (this.#vcpuName) return this.#vcpuName.read() !== undefined;
    return this.#pid !== undefined && isQemuOf(this.files, this.#pid, this.name, this.uuid);
  }

  /** Number of threads that may be vCPU threads, but have no name of their own yet. */
  get unnamedCount(): number {
    return this.#unnamed.size;
  }

  /**
   * True if a thread without a name of its own turns out to be a vCPU thread: the next read() finds it. One read per
   * thread.
   * @throws FileError
   */
  haveNewNames(): boolean {
    return this.#pid !== undefined && this.#findNewNames(this.#pid, this.#unnamed);
  }

  /** The threads that still have no name of their own will not get one. */
  giveUpUnnamed(): void {
    this.#unnamed.clear();
  }

  close(): void {
    this.#vcpuName?.close();
    this.#vcpuName = undefined;
    for (const thread of this.#threads.values()) thread?.status.close();
    this.#threads = new Map();
    this.#unnamed.clear();
    this.#pid = undefined;
    this.#latest = undefined;
    this.#threadCount = undefined;
  }

  /** False if a vCPU thread has gone: the process may have gone, too. */
  #refresh(pid: number, tids: readonly string[]): boolean {
    let changed = this.#removeGone(tids);
    if (changed) this.#vcpuName?.close();
    if (changed) this.#vcpuName = undefined;
    this.#threadCount = undefined;
    for (const tid of tids) {
      const thread = this.#threads.has(tid) ? this.#threads.get(tid) : this.#add(pid, tid);
      if (!thread) continue;
      const text = thread.status.read() ?? '';
      const list = allowedList(text);
      if (list === undefined) return false;
      this.#threadCount = threadCount(text);
      this.#vcpuName ??= this.#openName(pid, tid);
      if (list === thread.list) continue;
      thread.list = list;
      thread.cpus = parseCpuList(list);
      changed = true;
    }
    if (changed || !this.#latest) this.#latest = vcpuThreads(pid, this.#known());
    return true;
  }

  /** Read at once, so that the descriptor belongs to this thread. */
  #openName(pid: number, tid: string): OpenFile {
    const name = this.files.open(`/proc/${pid}/task/${tid}/comm`);
    name.read();
    return name;
  }

  #known(): { vcpu: VcpuOfThread; cpus: Cpuset }[] {
    return [...this.#threads.values()].flatMap((thread) =>
      thread?.cpus ? { vcpu: thread.vcpu, cpus: thread.cpus } : [],
    );
  }

  #add(pid: number, tid: string): VcpuThread | undefined {
    const name = readThreadName(this.files, pid, tid);
    const vcpu = vcpuInName(name);
    const status = () => this.files.open(`/proc/${pid}/task/${tid}/status`);
    const thread = vcpu === undefined ? undefined : { vcpu, status: status(), list: undefined, cpus: undefined };
    this.#threads.set(tid, thread);
    if (name === this.#mainName && tid !== `${pid}`) this.#unnamed.add(tid);
    return thread;
  }

  /**
   * A thread gets its name shortly after its start. Threads that turn out to be vCPU threads are removed, so that they
   * are added again.
   */
  #findNewNames(pid: number, tids: Iterable<string>): boolean {
    let isFound = false;
    for (const tid of [...tids]) {
      if (this.#threads.get(tid)) continue;
      const name = readThreadName(this.files, pid, tid);
      if (name !== this.#mainName) this.#unnamed.delete(tid);
      if (vcpuInName(name) === undefined) continue;
      this.#threads.delete(tid);
      isFound = true;
    }
    return isFound;
  }

  /** True if a vCPU thread has gone. QEMU's other threads come and go often. */
  #removeGone(tids: readonly string[]): boolean {
    if (tids.length === this.#threads.size && tids.every((tid) => this.#threads.has(tid))) return false;
    const alive = new Set(tids);
    let vcpuWent = false;
    for (const [tid, thread] of this.#threads) {
      if (alive.has(tid)) continue;
      thread?.status.close();
      this.#threads.delete(tid);
      this.#unnamed.delete(tid);
      vcpuWent ||= thread !== undefined;
    }
    return vcpuWent;
  }
}
