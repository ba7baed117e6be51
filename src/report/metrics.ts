import { fchmodSync } from 'node:fs';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { using } from '../lib/open-folder.js';
import { openTrustedPath } from '../lib/trusted-path.js';
import { type Counters, LAG_BOUNDS_MS, type StrayCount } from '../runtime/counters.js';

/** The values at one time. */
export interface Sample {
  counters: Counters;
  /** true: trace events report new vectors */
  tracing: boolean;
  /** number of posted interrupts, by domain name */
  posted: ReadonlyMap<string, number>;
  strays: readonly StrayCount[];
  /** when the watcher started, milliseconds since the epoch */
  since: number;
}

type Type = 'gauge' | 'counter';

/** The metrics in Prometheus's exposition format 0.0.4. */
export function formatMetrics({ counters, tracing, posted, strays, since }: Sample): string {
  const { domains, devices, interrupts, contestedNow, remote, writes, repairs, contested, errors, unknownEvents, lag } =
    counters;
  const errorsByKind = Object.entries(errors).map(([kind, value]): [string, number] => [`{kind="${kind}"}`, value]);
  return [
    metric('domains', 'gauge', 'Running domains that a policy applies to.', domains),
    metric('devices', 'gauge', 'Devices of these domains whose policy is enforced.', devices),
    metric('interrupts', 'gauge', 'Interrupts of these devices.', interrupts),
    metric('contested_interrupts', 'gauge', 'Interrupts that another program keeps moving now.', contestedNow),
    metric('remote_interrupts', 'gauge', "Interrupts that are delivered to another node than the device's.", remote),
    family(
      'posted_interrupts',
      'gauge',
      'Interrupts that the hardware posts to vCPUs, as far as that is known.',
      [...posted].map(([domain, value]) => [`{domain="${escapeLabel(domain)}"}`, value]),
    ),
    family(
      'stray_interrupts_total',
      'counter',
      'Interrupts that were delivered outside the wanted set, as far as their counts were seen.',
      strays.map(({ domain, address, count }) => [`{domain="${escapeLabel(domain)}",device="${address}"}`, count]),
    ),
    metric('tracing', 'gauge', '1 if trace events report new interrupts, 0 if the watcher polls.', Number(tracing)),
    metric('start_time_seconds', 'gauge', 'When the watcher started, since the epoch.', since / 1000),
    metric('writes_total', 'counter', 'Affinity masks written.', writes),
    metric('repairs_total', 'counter', 'Masks written because another program had moved an interrupt.', repairs),
    metric(
      'contested_total',
      'counter',
      'Times that repairs of an interrupt were paused, because it keeps being moved.',
      contested,
    ),
    family('errors_total', 'counter', 'Interrupts that could not be placed, by kind of error.', errorsByKind),
    metric('unknown_events_total', 'counter', 'Lines and kinds of events of virsh that are not known.', unknownEvents),
    histogram('placement_lag_seconds', 'From the appearance of an interrupt to its placement.', lag),
  ].join('');
}

/**
 * Replaces the file atomically, readable by all: node_exporter runs as another user, and the directory may be that
 * user's.
 * @throws FileError; an Error if another user has put a link there
 */
export function writeMetrics(path: string, sample: Sample): void {
  try {
    const { folder, name, checkLinks } = openTrustedPath(path);
    using(folder, () => {
      checkLinks(folder.stat().uid);
      const temporaryPrefix = '.hostdev-cpuset-';
      const readableByAll = (fd: number) => fchmodSync(fd, 0o644);
      writeAtomically(folder, name, formatMetrics(sample), { temporaryPrefix, mode: 0o600, prepare: readableByAll });
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Node does not name the file if the disk is full
    throw code === undefined ? error : new FileError(code, path);
  }
}

const escapeLabel = (text: string) =>
  text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));

function metric(name: string, type: Type, help: string, value: number): string {
  return family(name, type, help, [['', value]]);
}

function family(name: string, type: Type | 'histogram', help: string, samples: [suffix: string, number][]): string {
  const full = `hostdev_cpuset_${name}`;
  const lines = samples.map(([suffix, value]) => `${full}${suffix} ${value}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ''].join('\n');
}

/** A histogram; buckets are cumulative, and in seconds. */
function histogram(name: string, help: string, { counts, sumMs, count }: Counters['lag']): string {
  let below = 0;
  const buckets = LAG_BOUNDS_MS.map((bound, index): [string, number] => {
    below += counts[index] ?? 0;
    return [`_bucket{le="${bound / 1000}"}`, below];
  });
  return family(name, 'histogram', help, [
    ...buckets,
    ['_bucket{le="+Inf"}', count],
    ['_sum', sumMs / 1000],
    ['_count', count],
  ]);
}
