import { parseCpuList } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { OpenFile, PseudoFs } from './pseudo-fs.js';
import {
  allowedList,
  findQemu,
  isQemuOf,
  readVcpuNumber,
  threadCount,
  type VcpuThreads,
  vcpuThreads,
} from './qemu-threads.js';

interface VcpuThread {
  vcpu: number;
  status: OpenFile;
  list: string | undefined;
  cpus: Cpuset | undefined;
}

/** The vCPU threads of one domain, read again and again: a system call a thread, and one for their list. */
export class VcpuAffinityCache {
  #pid: number | undefined;
  /** a vCPU's name: it cannot be read when QEMU has ended, where that of the process can until it is waited for */
  #sign: OpenFile | undefined;
  /** by the thread's number; undefined: not a vCPU's */
  #threads = new Map<string, VcpuThread | undefined>();
  #latest: VcpuThreads | undefined;
  /** how many threads the process had when they were listed, as a status says it */
  #count: string | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly name: string,
    private readonly uuid: string | undefined,
  ) {}

  /**
   * As readVcpuThreads; the same object as before where nothing is different.
   * @param thorough asks, too, whether the process is still this domain's
   * @param pidFiles listPidFiles() of a moment ago: asked for only where the process has to be found
   */
  read(thorough: boolean, pidFiles?: () => ReadonlySet<string>): VcpuThreads | undefined {
    const { files, name, uuid } = this;
    if (this.#pid !== undefined && thorough && !isQemuOf(files, this.#pid, name, uuid)) this.close();
    if (thorough) this.#forgetOthers();
    const tids = this.#pid === undefined ? undefined : files.list(`/proc/${this.#pid}/task`);
    if (this.#pid !== undefined && tids && this.#refresh(this.#pid, tids)) return this.#latest;
    this.close();
    const pid = findQemu(files, name, uuid, pidFiles?.());
    if (pid === undefined) return undefined;
    this.#pid = pid;
    this.#refresh(pid, files.list(`/proc/${pid}/task`) ?? []);
    return this.#latest;
  }

  /** Whether the threads that are known may run where they could, and are as many: a system call a vCPU, and no list. */
  isUnchanged(): boolean {
    if (!this.#latest || this.#count === undefined) return false;
    for (const thread of this.#threads.values()) {
      if (!thread) continue;
      const text = thread.status.read() ?? '';
      if (allowedList(text) !== thread.list || threadCount(text) !== this.#count) return false;
    }
    return true;
  }

  /** Whether the process that was found still runs: one short read. @throws FileError */
  isRunning(): boolean {
    return this.#sign?.read() !== undefined;
  }

  close(): void {
    this.#sign?.close();
    this.#sign = undefined;
    for (const thread of this.#threads.values()) thread?.status.close();
    this.#threads = new Map();
    this.#pid = undefined;
    this.#latest = undefined;
    this.#count = undefined;
  }

  /** False where a vCPU's thread has gone: the process may have, too. */
  #refresh(pid: number, tids: readonly string[]): boolean {
    let changed = this.#forget(tids);
    if (changed) this.#sign?.close();
    if (changed) this.#sign = undefined;
    this.#count = undefined;
    for (const tid of tids) {
      const thread = this.#threads.has(tid) ? this.#threads.get(tid) : this.#meet(pid, tid);
      if (!thread) continue;
      const text = thread.status.read() ?? '';
      const list = allowedList(text);
      if (list === undefined) return false;
      this.#count = threadCount(text);
      this.#sign ??= this.#openSign(pid, tid);
      if (list === thread.list) continue;
      thread.list = list;
      thread.cpus = parseCpuList(list);
      changed = true;
    }
    if (changed) this.#latest = vcpuThreads(pid, this.#known());
    return true;
  }

  /** Read at once: then it is this thread's for as long as it lives. */
  #openSign(pid: number, tid: string): OpenFile {
    const sign = this.files.open(`/proc/${pid}/task/${tid}/comm`);
    sign.read();
    return sign;
  }

  #known(): VcpuThreads['threads'] {
    return [...this.#threads.values()].flatMap((thread) =>
      thread?.cpus ? { vcpu: thread.vcpu, cpus: thread.cpus } : [],
    );
  }

  #meet(pid: number, tid: string): VcpuThread | undefined {
    const vcpu = readVcpuNumber(this.files, pid, tid);
    const status = () => this.files.open(`/proc/${pid}/task/${tid}/status`);
    const thread = vcpu === undefined ? undefined : { vcpu, status: status(), list: undefined, cpus: undefined };
    this.#threads.set(tid, thread);
    return thread;
  }

  /** A thread has its name a moment after it was born. */
  #forgetOthers(): void {
    for (const [tid, thread] of this.#threads) if (!thread) this.#threads.delete(tid);
  }

  /** QEMU's other threads come and go all the time. True where a vCPU went. */
  #forget(tids: readonly string[]): boolean {
    if (tids.length === this.#threads.size && tids.every((tid) => this.#threads.has(tid))) return false;
    const alive = new Set(tids);
    let vcpuWent = false;
    for (const [tid, thread] of this.#threads) {
      if (alive.has(tid)) continue;
      thread?.status.close();
      this.#threads.delete(tid);
      vcpuWent ||= thread !== undefined;
    }
    return vcpuWent;
  }
}
