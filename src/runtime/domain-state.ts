/** What was written for a running domain, and what must be put back when it ends. */
export interface DomainState {
  schemaVersion: 1;
  name: string;
  /** CPU lists that were written, by vector */
  written: Record<string, string>;
  /** legacy lines that were moved: another device may share them one day */
  lines: { irq: number; before: string; cpus: string }[];
  /**
   * by vector, the CPU that it was still delivered to after our write, outside of what was written: without interrupt remapping it moves
   * when it occurs
   */
  pending?: Record<string, string>;
}

/** Where they are kept, by UUID: state-store.ts. */
export interface DomainStates {
  /** undefined where there is none */
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

/** Whether a JSON value is one: a file may be anybody's, or half of one. */
export function isDomainState(value: unknown): value is DomainState {
  const state = value as Partial<DomainState> | null;
  return (
    typeof state === 'object' &&
    state !== null &&
    state.schemaVersion === 1 &&
    typeof state.name === 'string' &&
    isRecordOfTexts(state.written) &&
    (state.pending === undefined || isRecordOfTexts(state.pending)) &&
    Array.isArray(state.lines) &&
    state.lines.every(
      (line) => Number.isInteger(line?.irq) && typeof line.before === 'string' && typeof line.cpus === 'string',
    )
  );
}

function isRecordOfTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
