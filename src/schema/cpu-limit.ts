import { readFileSync } from 'node:fs';

/** Limit in real time, for a process that gets too little CPU time. */
const MAX_WAIT_MS = 20_000;
/** Linux counts the CPU time of processes in hundredths of a second. */
const MS_PER_TICK = 10;

/**
 * Calls `onExceeded` when a process has used `limitMs` of CPU time since its last progress. CPU time, because on a busy
 * machine valid documents would exceed a limit in real time. If the process waits for something other than CPU or disk,
 * the limit is in real time.
 */
export class CpuLimit {
  #timer: NodeJS.Timeout | undefined;
  #isCleared = false;
  #hasProgressed = false;
  /** at the last progress */
  #usedBeforeMs = 0;
  #progressedAt = performance.now();

  constructor(
    private readonly pid: number | undefined,
    private readonly limitMs: number,
    private readonly onExceeded: () => void,
  ) {
    this.#checkIn(limitMs);
  }

  /** Called when the process has completed a part of its work. */
  reportProgress(): void {
    this.#hasProgressed = true;
  }

  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }

  /**
   * setImmediate: if this process was busy, pending output of the other one is processed first, which may report
   * progress.
   */
  #checkIn(delayMs: number): void {
    this.#timer = setTimeout(() => setImmediate(() => this.#check()), delayMs);
  }

  #check(): void {
    if (this.#isCleared) return;
    const { usedMs, isBlocked } = readUsage(this.pid);
    if (this.#hasProgressed) {
      this.#hasProgressed = false;
      this.#usedBeforeMs = usedMs;
      this.#progressedAt = performance.now();
      this.#checkIn(this.limitMs);
      return;
    }
    const leftMs = this.limitMs - (usedMs - this.#usedBeforeMs);
    if (leftMs <= 0 || isBlocked || performance.now() - this.#progressedAt > MAX_WAIT_MS) this.onExceeded();
    else this.#checkIn(leftMs);
  }
}

/**
 * CPU time, and whether the process waits for something other than CPU or disk, or has ended (proc_pid_stat(5): fields
 * 3, 14, 15).
 */
function readUsage(pid: number | undefined): { usedMs: number; isBlocked: boolean } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the process name before it, in parentheses, can contain any character
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { usedMs: (Number(fields[10]) + Number(fields[11])) * MS_PER_TICK, isBlocked: !'RDZ'.includes(state) };
  } catch {
    return { usedMs: 0, isBlocked: true };
  }
}
