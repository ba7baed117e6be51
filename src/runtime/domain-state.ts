import { parseAddress } from '../domain/address.js';

/** A legacy line that was moved: another device may share it one day. */
export interface MovedLine {
  irq: number;
  /**
   * PCI address of the device whose line it was; absent in a state of an older version that does not show it: then it
   * is never restored
   */
  address?: string;
  /** what it was wired to: readInput(). Absent where the kernel did not say */
  input?: string;
  /** CPU lists: before our first write, and ours */
  before: string;
  cpus: string;
  /** what a pass was about to write instead; it stays where that pass was killed before it saved what it did */
  next?: string;
}

/** What was written for a running domain, and what must be put back when it ends. */
export interface DomainState {
  schemaVersion: 1;
  name: string;
  /** CPU lists that were written, by vector */
  written: Record<string, string>;
  /** by vector, the mask that it had after that, where the kernel made it narrower than what was written */
  narrowed?: Record<string, string>;
  lines: MovedLine[];
  /**
   * by vector, the CPU that it was still delivered to after our write, outside of what was written: without interrupt
   * remapping it moves when it occurs
   */
  pending?: Record<string, string>;
}

/** Where they are kept, by UUID: state-store.ts. */
export interface DomainStates {
  /** undefined if not recorded */
  read(uuid: string): DomainState | undefined;
  /** whether there is anything at all, garbage too */
  has(uuid: string): boolean;
  /** @throws FileError where it cannot be kept */
  write(uuid: string, state: DomainState): void;
  /** @throws FileError where it cannot be removed */
  remove(uuid: string): void;
  /** the domains that have one */
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

/** The device of a line, if just one was written under its number. */
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
