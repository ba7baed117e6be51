import { parseCpuList } from '../domain/cpu-mask.js';
import { type Cpuset, union } from '../domain/cpuset.js';
import { canonicalUuid } from '../domain/uuid.js';
import { hidesProcesses } from './hidepid.js';
import { isRunning, processOfUuid } from './process-id.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/**
 * The QEMU process of a running domain, and the CPUs of its vCPU threads. The pid file and the command line show that
 * it runs. Thread names show which threads run vCPUs: QEMU does not name threads without `debug-threads=on`.
 */
export interface VcpuThreads {
  pid: number;
  /** the threads that run one vCPU each */
  threads: { vcpu: number; cpus: Cpuset }[];
  /** the union over all vCPUs; undefined if no thread has the name of a vCPU thread */
  cpus: Cpuset | undefined;
}

/** What a thread runs: one vCPU, or all of them (emulation in one thread). */
export type VcpuOfThread = number | 'all';

/**
 * Finds QEMU by libvirt's pid file and reads the affinity of its vCPU threads. Undefined if there is no such process,
 * or if it is not this domain's QEMU: the pid may have been reused.
 */
export function readVcpuThreads(files: PseudoFs, name: string, uuid: string | undefined): VcpuThreads | undefined {
  const pid = findQemu(files, name, uuid);
  if (pid === undefined) return undefined;
  const threads: { vcpu: VcpuOfThread; cpus: Cpuset }[] = [];
  for (const tid of listThreads(files, pid) ?? []) {
    const vcpu = vcpuInName(readThreadName(files, pid, tid));
    if (vcpu === undefined) continue;
    const list = allowedList(files.read(`/proc/${pid}/task/${tid}/status`) ?? '');
    const cpus = list === undefined ? undefined : parseCpuList(list);
    if (cpus) threads.push({ vcpu, cpus });
  }
  return vcpuThreads(pid, threads);
}

export function vcpuThreads(pid: number, named: readonly { vcpu: VcpuOfThread; cpus: Cpuset }[]): VcpuThreads {
  const threads = named.flatMap(({ vcpu, cpus }) => (vcpu === 'all' ? [] : { vcpu, cpus }));
  threads.sort((a, b) => a.vcpu - b.vcpu);
  return { pid, threads, cpus: named.length === 0 ? undefined : union(...named.map(({ cpus }) => cpus)) };
}

/** More than a QEMU with 1024 vCPUs has. Whoever controls a process could have it start 30,000 threads. */
const MAX_THREADS = 2048;

/** The threads of a process; of one with too many, only the main thread. @throws FileError */
export function listThreads(files: PseudoFs, pid: number): string[] | undefined {
  const path = `/proc/${pid}/task`;
  return (files.countFolders(path) ?? 0) > MAX_THREADS ? [`${pid}`] : files.list(path);
}

/** Undefined if the thread has ended. */
export function readThreadName(files: PseudoFs, pid: number, tid: string): string | undefined {
  return files.read(`/proc/${pid}/task/${tid}/comm`)?.trim();
}

/**
 * Parses QEMU's thread names: `CPU n/KVM`, `CPU n/TCG` and so on, `ALL CPUs/TCG`. Undefined for other threads. Source:
 * QEMU, accel/.
 */
export function vcpuInName(name: string | undefined): VcpuOfThread | undefined {
  const match = /^(?:CPU (\d{1,5})|ALL CPUs)\/[A-Z]+$/.exec(name ?? '');
  if (!match) return undefined;
  return match[1] === undefined ? 'all' : Number(match[1]);
}

/** Cpus_allowed_list of a thread's status file. */
export function allowedList(status: string): string | undefined {
  return field(status, '\nCpus_allowed_list:');
}

/** The number of the process's threads, from a thread's status file. */
export function threadCount(status: string): string | undefined {
  return field(status, '\nThreads:');
}

function field(status: string, name: string): string | undefined {
  const start = status.indexOf(name);
  const end = status.indexOf('\n', start + 1);
  return start < 0 || end < 0 ? undefined : status.slice(start + name.length, end).trim();
}

/**
 * True if the process is this domain's QEMU: by UUID, or by name if the definition has no UUID. A guest that was found
 * as a process is that process.
 */
export function isQemuOf(files: PseudoFs, pid: number, name: string, uuid: string | undefined): boolean {
  const found = processOfUuid(uuid);
  if (found) return found.pid === pid && isRunning(files, found);
  const words = (readCommandLine(files, pid) ?? '').split('\0');
  const known = uuid === undefined ? undefined : canonicalUuid(uuid);
  // QEMU doubles a comma within an option's value
  const guest = `guest=${name.replaceAll(',', ',,')},`;
  return known === undefined ? words.some((word) => word.startsWith(guest)) : words.includes(known);
}

/**
 * Undefined if there is no such process, or if hidepid hides it: see hiddenQemu(). @throws FileError for any other
 * reason
 */
function readCommandLine(files: PseudoFs, pid: number): string | undefined {
  try {
    return files.read(`/proc/${pid}/cmdline`);
  } catch (error) {
    if (error instanceof FileError && hidesProcesses(files)) return undefined;
    throw error;
  }
}

const PID_FILES = '/run/libvirt/qemu';

/** The names in the directory of libvirt's pid files, including other files. */
export function listPidFiles(files: PseudoFs): ReadonlySet<string> {
  return new Set(files.list(PID_FILES));
}

/** listPidFiles(), called at the first use only; one list serves all domains of a run. */
export function pidFilesOnce(files: PseudoFs): () => ReadonlySet<string> {
  let listed: ReadonlySet<string> | undefined;
  return () => {
    listed ??= listPidFiles(files);
    return listed;
  };
}

/**
 * The domain's name becomes a path only if the directory contains it. The name of a guest that was found as a process
 * never becomes one. @param listed a recent listPidFiles()
 */
export function findQemu(
  files: PseudoFs,
  name: string,
  uuid: string | undefined,
  listed?: ReadonlySet<string>,
): number | undefined {
  const found = processOfUuid(uuid);
  if (found) return isRunning(files, found) ? found.pid : undefined;
  const pid = readPidFile(files, name, listed ?? listPidFiles(files));
  return pid !== undefined && isQemuOf(files, pid, name, uuid) ? pid : undefined;
}

/**
 * The pid in libvirt's pid file, if hidepid keeps us from reading the process: whether it is a running QEMU is unknown.
 */
export function hiddenQemu(files: PseudoFs, name: string, uuid?: string): number | undefined {
  if (processOfUuid(uuid)) return undefined;
  const pid = readPidFile(files, name, listPidFiles(files));
  if (pid === undefined || !hidesProcesses(files)) return undefined;
  return readCommandLine(files, pid) === undefined ? pid : undefined;
}

function readPidFile(files: PseudoFs, name: string, listed: ReadonlySet<string>): number | undefined {
  const file = `${name}.pid`;
  const text = listed.has(file) ? files.read(`${PID_FILES}/${file}`) : undefined;
  const pid = /^\s*([1-9]\d{0,9})\s*$/.exec(text ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * The names of the pid files of libvirt that have a pid: that of its domain, and those of ended processes with the same
 * pid whose files were left behind. The files are read when names are first asked for.
 */
export function namesInPidFiles(files: PseudoFs): (pid: number) => string[] {
  let entries: { pid: number | undefined; name: string }[] | undefined;
  const readAll = () => {
    const listed = listPidFiles(files);
    const names = [...listed].flatMap((file) => (file.endsWith('.pid') ? file.slice(0, -'.pid'.length) : []));
    return names.map((name) => ({ pid: readPidFile(files, name, listed), name }));
  };
  return (pid) => {
    entries ??= readAll();
    return entries.flatMap((entry) => (entry.pid === pid ? entry.name : []));
  };
}

/** The QEMU process of a domain. */
export interface RunningQemu {
  name: string;
  pid: number;
}

/**
 * All QEMU processes that libvirt has pid files of. Processes that cannot be read are left out.
 * @param listed a recent listPidFiles()
 */
export function runningQemus(files: PseudoFs, listed: ReadonlySet<string> = listPidFiles(files)): RunningQemu[] {
  return [...listed].flatMap((file) => {
    const name = file.endsWith('.pid') ? file.slice(0, -'.pid'.length) : '';
    try {
      const pid = name === '' ? undefined : findQemu(files, name, undefined, listed);
      return pid === undefined ? [] : { name, pid };
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return [];
    }
  });
}
