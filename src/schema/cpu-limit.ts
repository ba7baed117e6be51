import { readFileSync } from 'node:fs';

/** The longest wait for a process that gets too little CPU time, in milliseconds. */
const LONGEST_WAIT = 20_000;
/** Linux counts the CPU time of processes in hundredths of a second. */
const TICK = 10;

/**
 * Calls `spent` once a process has used so many milliseconds of CPU time since it was last seen to get on. Time on the clock alone
 * would blame a document for a busy machine. A process that waits for something else than a CPU or a disk has no more time than that by the clock.
 */
export class CpuLimit {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #gotOn = false;
  #usedBefore = 0;
  #since = Date.now();

  constructor(
    private readonly pid: number | undefined,
    private readonly milliseconds: number,
    private readonly spent: () => void,
  ) {
    this.#lookIn(milliseconds);
  }

  /** The process has done a part of its work. */
  getsOn(): void {
    this.#gotOn = true;
  }

  clear(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Where we were busy ourselves, what the process has said meanwhile is heard first. */
  #lookIn(milliseconds: number): void {
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), milliseconds);
  }

  #look(): void {
    if (this.#isOver) return;
    const { used, waits } = readUsage(this.pid);
    if (this.#gotOn) {
      this.#gotOn = false;
      this.#usedBefore = used;
      this.#since = Date.now();
      this.#lookIn(this.milliseconds);
      return;
    }
    const left = this.milliseconds - (used - this.#usedBefore);
    if (left <= 0 || waits || Date.now() - this.#since > LONGEST_WAIT) this.spent();
    else this.#lookIn(left);
  }
}

/** Milliseconds of CPU time, and whether the process waits for something else than CPU or disk, and has not ended (proc_pid_stat(5): fields 3, 14, 15). */
function readUsage(pid: number | undefined): { used: number; waits: boolean } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it, in parentheses, can hold anything.
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { used: (Number(fields[10]) + Number(fields[11])) * TICK, waits: !'RDZ'.includes(state) };
  } catch {
    return { used: 0, waits: true };
  }
}
