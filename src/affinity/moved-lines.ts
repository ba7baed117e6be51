import { parseCpuList } from '../domain/cpu-mask.js';
import { type Cpuset, formatCpuset, isSubset } from '../domain/cpuset.js';
import { readInput } from '../host/legacy-line.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { DomainState, MovedLine } from '../runtime/domain-state.js';
import type { DomainPlan } from './domain-plan.js';

/** The interrupt controller's input of each legacy line that is about to be written, by IRQ number: readInput(). */
export type LineInputs = ReadonlyMap<number, string>;

export function readLineInputs(files: PseudoFs, { devices }: DomainPlan): LineInputs {
  const inputs = new Map<number, string>();
  for (const { irq, vector, action } of devices.flatMap(({ interrupts }) => interrupts)) {
    if (action !== 'set' || vector !== null) continue;
    const input = tryToRead(files, irq);
    if (input !== undefined) inputs.set(irq, input);
  }
  return inputs;
}

/** Undefined if it cannot be read: the line is then identified by its device's address. */
function tryToRead(files: PseudoFs, irq: number): string | undefined {
  try {
    return readInput(files, irq);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}

/**
 * The lines of a state. A line that is moved again keeps the mask from before our first write. If another line has the
 * number now, it does not inherit that mask.
 */
export class MovedLines {
  #lines: MovedLine[];

  constructor(
    before: DomainState | undefined,
    private readonly inputs: LineInputs,
  ) {
    this.#lines = before?.lines ?? [];
  }

  get all(): MovedLine[] {
    return this.#lines;
  }

  /** Until the line is written, it has what an earlier pass has written, or was about to write and may have written. */
  aboutToMove(line: Pick<MovedLine, 'irq' | 'address'>, before: Cpuset, cpus: Cpuset): void {
    const known = this.#find(line);
    const planned = parseCpuList(known?.next ?? '');
    const ours = planned && isSubset(before, planned) ? known?.next : known?.cpus;
    const next = formatCpuset(cpus);
    this.#set(line, before, ours === undefined || ours === next ? { cpus: next } : { cpus: ours, next });
  }

  moved(line: Pick<MovedLine, 'irq' | 'address'>, before: Cpuset, cpus: Cpuset): void {
    this.#set(line, before, { cpus: formatCpuset(cpus) });
  }

  #set(line: Pick<MovedLine, 'irq' | 'address'>, before: Cpuset, ours: Pick<MovedLine, 'cpus' | 'next'>): void {
    const input = this.inputs.get(line.irq);
    const known = this.#find(line);
    const moved: MovedLine = {
      ...line,
      ...(input === undefined ? {} : { input }),
      before: known?.before ?? formatCpuset(before),
      ...ours,
    };
    this.#lines = known ? this.#lines.map((one) => (one === known ? moved : one)) : [...this.#lines, moved];
  }

  #find({ irq, address }: Pick<MovedLine, 'irq' | 'address'>): MovedLine | undefined {
    const input = this.inputs.get(irq);
    return this.#lines.find(
      (line) =>
        line.irq === irq &&
        (line.input !== undefined && input !== undefined ? line.input === input : line.address === address),
    );
  }
}
