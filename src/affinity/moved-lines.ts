import { readInput } from '../host/legacy-line.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { DomainState, MovedLine } from '../runtime/domain-state.js';
import type { DomainReport } from './report.js';

/** Of legacy lines that are about to be written, what they are wired to, by number: readInput(). */
export type LineInputs = ReadonlyMap<number, string>;

export function readLineInputs(files: PseudoFs, { devices }: DomainReport): LineInputs {
  const inputs = new Map<number, string>();
  for (const { irq, vector, action } of devices.flatMap(({ interrupts }) => interrupts)) {
    if (action !== 'set' || vector !== null) continue;
    const input = tryToRead(files, irq);
    if (input !== undefined) inputs.set(irq, input);
  }
  return inputs;
}

/** What cannot be read is not known; the line is told by the rest. */
function tryToRead(files: PseudoFs, irq: number): string | undefined {
  try {
    return readInput(files, irq);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}

/** The lines of a state. One that is moved once more keeps the mask of before our first write; a number that became another line's does not. */
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

  /** @param cpus what is ours, given what was */
  moved(irq: number, address: string, mask: string, cpus: (known: string | undefined) => string): void {
    const input = this.inputs.get(irq);
    const isSame = (line: MovedLine) =>
      line.irq === irq &&
      (line.input !== undefined && input !== undefined ? line.input === input : line.address === address);
    const known = this.#lines.find(isSame);
    const line: MovedLine = {
      irq,
      address,
      ...(input === undefined ? {} : { input }),
      before: known?.before ?? mask,
      cpus: cpus(known?.cpus),
    };
    this.#lines = known ? this.#lines.map((one) => (one === known ? line : one)) : [...this.#lines, line];
  }
}
