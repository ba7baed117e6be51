import { type Cpuset, cpusOf } from '../domain/cpuset.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/** A line of /proc/interrupts. */
export interface InterruptLine {
  /** how often a set of CPUs took it */
  count: number;
  /** the text after the counts, in single spaces */
  description: string;
}

/** Lines of /proc/interrupts by their label: an IRQ number, or the name of a vector of the architecture such as LOC. */
export type InterruptLines = ReadonlyMap<string, InterruptLine>;

/**
 * For each of these sets of CPUs, how often it took each interrupt of the host (kernel: kernel/irq/proc.c; for x86 also
 * arch_show_interrupts). Lines without a number for each CPU, such as ERR, are left out. The table is read once: on a
 * large host it has megabytes. Undefined if it cannot be read.
 */
export function readInterruptLines(files: PseudoFs, sets: readonly Cpuset[]): InterruptLines[] | undefined {
  const text = readTable(files);
  if (text === undefined) return undefined;
  const found = sets.map(() => new Map<string, InterruptLine>());
  const [header = '', ...rows] = text.split('\n');
  const columns = new Map([...header.matchAll(/CPU(\d+)/g)].map(([, cpu], column) => [Number(cpu), column]));
  const columnsOfSets = sets.map((set) => [...cpusOf(set)].flatMap((cpu) => columns.get(cpu) ?? []));
  for (const row of rows) {
    const [, label = '', numbers = '', description = ''] = /^ *(\w+):((?: +\d+)+)(?: +(.*))?$/.exec(row) ?? [];
    // a description may begin with a number
    const counts = numbers.trim().split(/ +/);
    if (counts.length < columns.size) continue;
    const rest = [...counts.slice(columns.size), description.trim().replace(/ +/g, ' ')].join(' ').trim();
    columnsOfSets.forEach((ofSet, index) => {
      const count = ofSet.reduce((sum, column) => sum + Number(counts[column]), 0);
      found[index]?.set(label, { count, description: rest });
    });
  }
  return found;
}

function readTable(files: PseudoFs): string | undefined {
  try {
    return files.read('/proc/interrupts');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}
