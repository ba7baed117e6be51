import type { PseudoFs } from './pseudo-fs.js';

/** A process. A pid alone is reused; with the time of its start it is not. */
export interface ProcessId {
  pid: number;
  /** in clock ticks since the host's start: proc(5), /proc/PID/stat */
  startTime: number;
}

/** Undefined if there is no such process, or if it has ended and was not waited for yet. @throws FileError */
export function readProcessId(files: PseudoFs, pid: number): ProcessId | undefined {
  const stat = files.read(`/proc/${pid}/stat`) ?? '';
  // the name of the program, in parentheses, may contain anything
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', startTime = ''] = [fields[0], fields[19]];
  return /^[^XxZ]$/.test(state) && /^\d{1,15}$/.test(startTime) ? { pid, startTime: Number(startTime) } : undefined;
}

/** Starts each UUID of a process; 32 bits that no generator of UUIDs makes on purpose ("proc"). */
const MARK = '70726f63';

/**
 * A UUID that identifies a guest by its process. Guests that libvirt of this host does not know are known by it,
 * because the UUID that they state may be that of another guest. Version 8 (RFC 9562) leaves its content to us.
 */
export function processUuid({ pid, startTime }: ProcessId): string {
  const hex = pid.toString(16).padStart(8, '0') + startTime.toString(16).padStart(14, '0');
  return `${MARK}-${hex.slice(0, 4)}-8${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10)}`;
}

/** The process in a UUID of processUuid(), in its canonical form; undefined for any other. */
export function processOfUuid(uuid: string | undefined): ProcessId | undefined {
  const match = /^70726f63-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{12})$/.exec(uuid ?? '');
  if (!match) return undefined;
  const hex = match.slice(1).join('');
  const [pid, startTime] = [hex.slice(0, 8), hex.slice(8)].map((digits) => Number.parseInt(digits, 16));
  return pid && startTime !== undefined ? { pid, startTime } : undefined;
}

/** Whether this very process still runs. @throws FileError */
export function isRunning(files: PseudoFs, { pid, startTime }: ProcessId): boolean {
  return readProcessId(files, pid)?.startTime === startTime;
}
