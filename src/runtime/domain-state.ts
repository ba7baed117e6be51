import { parseAddress } from '../domain/address.js';

/** A legacy line that was moved: other devices may share it later. */
export interface MovedLine {
  irq: number;
  /**
   * PCI address of the device whose line it was. Absent in a state of an older version that does not show it: the line
   * is then never restored
   */
  address?: string;
  /** readInput() of the line; absent: the kernel did not report it */
  input?: string;
  /** CPU lists before our first write and after our last */
  before: string;
  cpus: string;
  /** what a pass was about to write instead; it stays where that pass was killed before it saved what it did */
  next?: string;
}

/** The sets that were written for a running domain, and the lines to restore when it ends. */
export interface DomainState {
  schemaVersion: 1;
  name: string;
  /** CPU lists that were written, by vectorKey() */
  written: Record<string, string>;
  /** masks that the kernel made narrower than the written set, by vectorKey() */
  narrowed?: Record<string, string>;
  lines: MovedLine[];
  /**
   * CPUs outside of the written set where a vector was still delivered after the write, by vectorKey(): without
   * interrupt remapping it moves when it next occurs
   */
  pending?: Record<string, string>;
}

/** The stored states, by UUID: state-store.ts. */
export interface DomainStates {
  /** undefined if no state is stored for this UUID */
  read(uuid: string): DomainState | undefined;
  /** whether anything is stored, even if it is invalid */
  has(uuid: string): boolean;
  /** @throws FileError if it cannot be saved */
  write(uuid: string, state: DomainState): void;
  /** @throws FileError if it cannot be removed */
  remove(uuid: string): void;
  /** the UUIDs of domains that have a state */
  list(): string[];
}

/**
 * The state in a JSON value; undefined if it is invalid, incomplete or of a newer version. An older version recorded a
 * legacy line by its IRQ number alone: its device is then taken from the interrupts that were written.
 */
export function domainStateOf(value: unknown): DomainState | undefined {
  if (!isDomainState(value)) return undefined;
  if (value.lines.every(({ address }) => address !== undefined)) return value;
  return { ...value, lines: value.lines.map((line) => ({ ...line, ...ownerOf(line, value.written) })) };
}

/** The device of a line, if exactly one was written under its number. */
function ownerOf({ irq, address }: MovedLine, written: DomainState['written']): { address?: string } {
  if (address !== undefined) return {};
  const owners = Object.keys(written).flatMap((key) => {
    const [, number, handled, device = ''] = /^(\d+) vfio-intx\((.+)\) (.+)$/.exec(key) ?? [];
    return Number(number) === irq && handled === device && parseAddress(device) === device ? [device] : [];
  });
  const [owner, ...others] = owners;
  return owner !== undefined && others.length === 0 ? { address: owner } : {};
}

function isDomainState(value: unknown): value is DomainState {
  const state = value as Partial<DomainState> | null;
  return (
    typeof state === 'object' &&
    state !== null &&
    state.schemaVersion === 1 &&
    typeof state.name === 'string' &&
    isRecordOfTexts(state.written) &&
    (state.narrowed === undefined || isRecordOfTexts(state.narrowed)) &&
    (state.pending === undefined || isRecordOfTexts(state.pending)) &&
    Array.isArray(state.lines) &&
    state.lines.every(isMovedLine)
  );
}

function isMovedLine(value: unknown): value is MovedLine {
  const { irq, address, input, before, cpus, next } = (value ?? {}) as Partial<Record<keyof MovedLine, unknown>>;
  return (
    Number.isInteger(irq) &&
    typeof before === 'string' &&
    typeof cpus === 'string' &&
    (input === undefined || typeof input === 'string') &&
    (next === undefined || typeof next === 'string') &&
    // it becomes a path: its exact form, or none
    (address === undefined || (typeof address === 'string' && parseAddress(address) === address))
  );
}

function isRecordOfTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
