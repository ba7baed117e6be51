import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, EMPTY, formatCpuset, MAX_CPU, subtract } from '../../src/domain/cpuset.js';
import { InputError } from '../../src/lib/input-error.js';
import { type JsonNode, readInteger, readText } from '../../src/lib/json-reader.js';

const MAX_PID = 2 ** 22;

/** Checks of a description that a schema cannot express: referenced CPUs and nodes exist, and numbers are unique. */
export class DescriptionChecks {
  possible: Cpuset = EMPTY;
  readonly nodes = new Set<number>();
  readonly #claimed = new Set<string>();
  /** by IRQ number */
  readonly #types = new Map<number, string>();

  /** a CPU list of the host's possible CPUs, which may be empty */
  readonly anyCpus = (node: JsonNode, name: string): string => {
    const set = readList(node, name);
    const unknown = subtract(set, this.possible);
    if (unknown.length > 0) throw new InputError(`the host has no CPU ${formatCpuset(unknown)}`, node.offset);
    return formatCpuset(set);
  };

  /** the same, not empty */
  readonly someCpus = (node: JsonNode, name: string): string => {
    const list = this.anyCpus(node, name);
    if (list === '') throw new InputError(`${name} is empty`, node.offset);
    return list;
  };

  readonly pid = (node: JsonNode, name: string): number => {
    const pid = readInteger(node, name, 1, MAX_PID);
    this.claim(`process ${pid}`, node);
    return pid;
  };

  /** Legacy lines may be shared, message interrupts not. */
  claimIrq(irq: number, type: string, node: JsonNode): void {
    const other = this.#types.get(irq);
    if (other !== undefined && (type !== 'intx' || other !== 'intx')) {
      throw new InputError(`IRQ ${irq} is already used by another interrupt`, node.offset);
    }
    this.#types.set(irq, type);
  }

  claim<T extends string>(what: T, node: JsonNode, kind = ''): T {
    if (this.#claimed.has(`${kind}${what}`)) throw new InputError(`duplicate ${kind}${what}`, node.offset);
    this.#claimed.add(`${kind}${what}`);
    return what;
  }
}

/** Reads a CPU list in a string. @throws InputError, with its offset */
export function readList(node: JsonNode, name: string): Cpuset {
  const set = parseCpuList(readText(node, name, /^[\d,-]{0,100000}$/, 'a CPU list, such as "0-3,8"'));
  if (!set) throw new InputError(`${name} must be a CPU list, such as "0-3,8"`, node.offset);
  if ((set.at(-1)?.last ?? 0) > MAX_CPU) throw new InputError(`${name} has a CPU above ${MAX_CPU}`, node.offset);
  return set;
}
