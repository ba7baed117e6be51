/** What one of libvirt's events asks for. */
export interface LibvirtEvent {
  /** the domain's name, as far as a line of text can say it: a hint */
  domain: string;
  /** ended: look who runs; changed: read its definition again; stirred: its interrupts may be others */
  meaning: 'ended' | 'changed' | 'stirred';
}

/** libvirt's names of events (virsh event --list). A reset is told as a reboot. */
const MEANINGS: Record<string, LibvirtEvent['meaning']> = {
  reboot: 'stirred',
  'device-added': 'changed',
  'device-removed': 'changed',
  'metadata-change': 'changed',
  tunable: 'changed',
};
/** First words of lifecycle events: of an end, and of what changes nothing about interrupts. */
const ENDS = new Set(['Stopped', 'Crashed']);
const UNCHANGED = new Set(['Defined', 'Undefined', 'Shutdown', 'PMSuspended', 'Suspended']);

/**
 * A line of `virsh event --all --loop --timestamp`: `DATE TIME: event 'KIND' for domain 'NAME'[: DETAILS]`. A name may hold
 * anything, quotes and line breaks too: undefined is no event, null one that cannot be laid at a domain's door.
 */
export function parseEventLine(line: string): LibvirtEvent | null | undefined {
  const match = /^\d{4}-\S+ \S+: event '([a-z-]+)' for domain '(.*)'(?::(?: ([A-Za-z]+)\b.*|.*))?$/.exec(line);
  if (!match) return / event '[a-z-]+' for domain '/.test(line) ? null : undefined;
  const [, kind = '', domain = '', word = ''] = match;
  if (kind === 'lifecycle') {
    if (UNCHANGED.has(word)) return undefined;
    return { domain, meaning: ENDS.has(word) ? 'ended' : 'changed' };
  }
  const meaning = Object.hasOwn(MEANINGS, kind) ? MEANINGS[kind] : undefined;
  return meaning && { domain, meaning };
}
