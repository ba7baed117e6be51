/** What must be done about one of libvirt's events. */
export interface LibvirtEvent {
  /** the domain's name as printed: not reliable, as a name may contain anything */
  domain: string;
  /**
   * ended: list the running domains; redefined: read its definition again; interrupts: its interrupts may have changed
   */
  change: 'ended' | 'redefined' | 'interrupts';
}

/** A parsed line of `virsh event`. */
export interface EventLine {
  /** absent: not relevant; null: an event, or possibly one, whose domain cannot be read */
  event?: LibvirtEvent | null;
  /** no known version of virsh prints such a line, or such an event */
  isUnknown?: true;
  /** the domain's name contains a line break: the next line is the rest of the name */
  isCut?: true;
}

/** By event name (virsh event --list). libvirt reports a reset as a reboot. */
const CHANGES: Record<string, LibvirtEvent['change']> = {
  reboot: 'interrupts',
  'device-added': 'redefined',
  'device-removed': 'redefined',
  'metadata-change': 'redefined',
  tunable: 'redefined',
};
/** Events that change neither a definition nor interrupts. */
const IRRELEVANT_KINDS = new Set(
  `agent-lifecycle balloon-change block-job block-job-2 block-threshold control-error device-removal-failed disk-change graphics
   io-error io-error-reason job-completed memory-device-size-change memory-failure migration-iteration nic-mac-change pm-suspend
   pm-suspend-disk pm-wakeup rtc-change tray-change watchdog`.split(/\s+/),
);
/** First words of the details of lifecycle events. */
const ENDED = new Set(['Stopped', 'Crashed']);
const IRRELEVANT = new Set(['Defined', 'Undefined', 'Shutdown', 'PMSuspended', 'Suspended']);

/** Empty lines, further details of an event (indented), and virsh's last lines. */
const NO_EVENT = /^(?:\s.*|event loop (?:interrupted|timed out)|events received: \d+)?$/;

/**
 * Parses a line of `virsh event --all --loop --timestamp`: `DATE TIME: event 'KIND' for domain 'NAME'[: DETAILS]`.
 * Older versions print the name without quotes. A name may contain anything, including quotes and line breaks.
 */
export function parseEventLine(line: string): EventLine {
  const [, kind = '', rest = ''] = /^\d{4}-\S+ \S+: event '([a-z0-9-]+)' for domain (.+)$/.exec(line) ?? [];
  if (kind === '') return NO_EVENT.test(line) ? {} : { event: null, isUnknown: true };
  if (/^'[^']*$/.test(rest)) return { event: null, isCut: true };
  if (IRRELEVANT_KINDS.has(kind)) return {};
  const change = Object.hasOwn(CHANGES, kind) ? CHANGES[kind] : undefined;
  if (kind !== 'lifecycle' && !change) return { isUnknown: true };
  const match = /^(?:'(.*)'|([^'].*?))(?::(?: ([A-Za-z]+)\b.*| .*)?)?$/.exec(rest);
  if (!match) return { event: null, isUnknown: true };
  const [, quoted, bare = '', detail = ''] = match;
  const domain = quoted ?? bare;
  if (change) return { event: { domain, change } };
  if (IRRELEVANT.has(detail)) return {};
  return { event: { domain, change: ENDED.has(detail) ? 'ended' : 'redefined' } };
}
