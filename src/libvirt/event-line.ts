/** What one of libvirt's events requires. */
export interface LibvirtEvent {
  /** the domain's name as printed: a hint, for a name may hold anything */
  domain: string;
  /**
   * ended: list the running domains; redefined: read its definition again; interrupts: its interrupts may have changed
   */
  change: 'ended' | 'redefined' | 'interrupts';
}

/** By libvirt's names of events (virsh event --list). A reset is reported as a reboot. */
const CHANGES: Record<string, LibvirtEvent['change']> = {
  reboot: 'interrupts',
  'device-added': 'redefined',
  'device-removed': 'redefined',
  'metadata-change': 'redefined',
  tunable: 'redefined',
};
/** First words of the details of lifecycle events. */
const ENDED = new Set(['Stopped', 'Crashed']);
const IRRELEVANT = new Set(['Defined', 'Undefined', 'Shutdown', 'PMSuspended', 'Suspended']);

/**
 * Parses a line of `virsh event --all --loop --timestamp`: `DATE TIME: event 'KIND' for domain 'NAME'[: DETAILS]`. A name may hold
 * anything, quotes and line breaks included.
 * @returns undefined if the line is no event, or an irrelevant one; null if it is an event whose domain cannot be read
 */
export function parseEventLine(line: string): LibvirtEvent | null | undefined {
  const match = /^\d{4}-\S+ \S+: event '([a-z-]+)' for domain '(.*)'(?::(?: ([A-Za-z]+)\b.*|.*))?$/.exec(line);
  if (!match) return / event '[a-z-]+' for domain '/.test(line) ? null : undefined;
  const [, kind = '', domain = '', detail = ''] = match;
  if (kind === 'lifecycle') {
    if (IRRELEVANT.has(detail)) return undefined;
    return { domain, change: ENDED.has(detail) ? 'ended' : 'redefined' };
  }
  const change = Object.hasOwn(CHANGES, kind) ? CHANGES[kind] : undefined;
  return change && { domain, change };
}
