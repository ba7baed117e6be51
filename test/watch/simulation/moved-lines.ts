import type { SimulatedKernel } from '../../simulator/kernel.js';
import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';
import { type Cpus, cpusOfRanges, isWithin, listOf } from './cpus.js';

/** A legacy line that was written for a domain: what it had before that, and what it was given. */
interface MovedLine {
  address: string;
  irq: number;
  input: number;
  /** more than one where a watcher was killed before it wrote, and had saved what was there then */
  before: Set<Cpus>;
  /** more than one where a process was killed before it saved what it had written, or wrote what it had saved */
  ours: Set<Cpus>;
  last: Cpus;
}

/** The legacy lines that were written for domains, and what becomes of them when these end. */
export class MovedLines {
  readonly #lines = new Map<string, MovedLine[]>();
  /** inputs of lines that two domains wrote: what they had before is not certain any more */
  readonly #shared = new Set<number>();
  readonly #saved = new Map<string, Set<Cpus>>();
  /** the sets that lines had before the process at work wrote them */
  readonly #unsaved = new Map<MovedLine, Cpus[]>();

  written(uuid: string, address: string, { irq, input }: SimulatedInterrupt, cpus: Cpus, before: Cpus): void {
    const lines = this.#lines.get(uuid) ?? [];
    this.#lines.set(uuid, lines);
    const known = lines.find((line) => line.irq === irq && line.input === input);
    if (known) {
      this.#unsaved.set(known, [...(this.#unsaved.get(known) ?? []), ...known.ours]);
      Object.assign(known, { ours: new Set([cpus]), last: cpus });
    } else {
      const saved = this.#saved.get(`${uuid} ${irq} ${input}`) ?? [];
      lines.push({ address, irq, input, before: new Set([...saved, before]), ours: new Set([cpus]), last: cpus });
    }
  }

  /** A process has ended. @param isKilled perhaps before it saved what it wrote */
  processEnded(isKilled: boolean): void {
    for (const [line, sets] of this.#unsaved) if (isKilled) for (const cpus of sets) line.ours.add(cpus);
    this.#unsaved.clear();
  }

  /** A watcher was killed, perhaps after it had saved what this line has, and what it was to get. */
  mayBeSaved(uuid: string, { type, irq, input }: SimulatedInterrupt, wanted: Cpus, had: Cpus): void {
    if (type !== 'intx') return;
    this.#find(uuid, irq, input)?.ours.add(wanted);
    const key = `${uuid} ${irq} ${input}`;
    this.#saved.set(key, (this.#saved.get(key) ?? new Set()).add(had));
  }

  /** Two domains name the device of this line, and one of them has written it. */
  share({ input }: SimulatedInterrupt): void {
    this.#shared.add(input);
  }

  /**
   * Why a domain's end must not have written this; undefined: it may.
   * @param masks what it had before the write, or when it may have been read
   */
  objection(
    uuid: string,
    { irq, type, input }: SimulatedInterrupt,
    cpus: Cpus,
    masks: readonly Cpus[],
  ): string | undefined {
    if (this.#shared.has(input)) return undefined;
    const line = this.#find(uuid, irq, input);
    // a watcher saved it and was killed before it wrote it, and then somebody else moved it to that very set
    if (type === 'intx' && !line && this.#saved.get(`${uuid} ${irq} ${input}`)?.has(cpus)) return undefined;
    if (type !== 'intx' || !line) return 'it is no line that was written for that domain';
    if (!line.before.has(cpus)) return `it had ${[...line.before].map(listOf).join(' or ')}, and got ${listOf(cpus)}`;
    const isOurs = [...line.ours].some((set) => masks.some((mask) => isWithin(mask, set)));
    return isOurs ? undefined : `somebody else had moved it to ${masks.map(listOf).join(' or ')}`;
  }

  #find(uuid: string, irq: number, input: number): MovedLine | undefined {
    return this.#lines.get(uuid)?.find((line) => line.irq === irq && line.input === input);
  }

  /**
   * A domain has ended.
   * @param failed IRQs that could not be written
   * @returns what is wrong with its lines; undefined: nothing
   */
  release(uuid: string, kernel: SimulatedKernel, failed: ReadonlyMap<number, unknown>): string | undefined {
    const lines = this.#lines.get(uuid) ?? [];
    this.#lines.delete(uuid);
    for (const key of this.#saved.keys()) if (key.startsWith(`${uuid} `)) this.#saved.delete(key);
    for (const { address, irq, input, before, last } of lines) {
      const now = kernel.interrupts.get(irq);
      const device = kernel.devices.get(address);
      if (this.#shared.has(input)) continue;
      const isLine = now?.type === 'intx' && now.input === input && device?.line === irq && !device.lineFreed;
      const isGuests = now?.handlers.some((handler) => handler.startsWith('vfio-'));
      if (!now || !isLine || isGuests || device.driver === undefined || device.vectors.length > 0) continue;
      const affinity = cpusOfRanges(now.affinity);
      const canBe = [...before].every((cpus) => (cpus & cpusOfRanges(kernel.online)) !== 0);
      if (isWithin(affinity, last) && !before.has(affinity) && canBe && !failed.has(irq))
        return `its line ${irq} has ${listOf(affinity)}, and had ${[...before].map(listOf).join(' or ')} before`;
    }
    return undefined;
  }
}
