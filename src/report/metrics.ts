import { type Counters, type DomainCounts, LAG_BOUNDS_MS, type StrayCount } from '../runtime/counters.js';

/** The values at one time. */
export interface Sample {
  counters: Counters;
  domainCounts: readonly DomainCounts[];
  strays: readonly StrayCount[];
  /** trace events report new vectors */
  tracing: boolean;
  /** of this program */
  version: string;
  /** when the watcher started, and now, in milliseconds since the epoch */
  since: number;
  at: number;
}

type Type = 'gauge' | 'counter';
type Gauge = Exclude<keyof DomainCounts, 'domain'>;

const DOMAIN_GAUGES: Record<Gauge, [name: string, help: string]> = {
  devices: ['devices', 'Devices whose policy is maintained.'],
  interrupts: ['interrupts', 'Interrupts of these devices that VFIO alone handles.'],
  misplaced: ['misplaced_interrupts', 'Interrupts that are not where their policy wants them, shared lines included.'],
  contested: ['contested_interrupts', 'Interrupts that another program keeps moving.'],
  remote: ['remote_interrupts', "Interrupts that are delivered to another node than the device's."],
  posted: ['posted_interrupts', 'Interrupts that are known to be posted to vCPUs by the hardware.'],
  unreadable: ['unreadable_interrupts', 'Interrupts whose state cannot be read.'],
  unreadableDevices: ['unreadable_devices', 'Devices whose interrupts cannot be read.'],
};

/** The text of Prometheus's exposition format 0.0.4. */
export function formatMetrics({ counters, domainCounts, strays, tracing, version, since, at }: Sample): string {
  const { domains, writes, repairs, contested, errors, unknownEvents, lag } = counters;
  const errorsByKind = Object.entries(errors).map(([kind, value]): [string, number] => [`{kind="${kind}"}`, value]);
  const gauges = [...byName(domainCounts)];
  return [
    metric('up', 'gauge', '1 while the watcher runs. Its end removes the metrics.', 1),
    family('build_info', 'gauge', 'Always 1, with the version of the watcher.', [
      [`{version="${escapeLabel(version)}"}`, 1],
    ]),
    metric('metrics_timestamp_seconds', 'gauge', 'When these metrics were written, since the epoch.', at / 1000),
    metric('start_time_seconds', 'gauge', 'When the watcher started, since the epoch.', since / 1000),
    family(
      'stray_interrupts_total',
      'counter',
      'Interrupts that were delivered outside the wanted set, as far as their counts were seen.',
      strays.map(({ domain, address, count }) => [`{domain="${escapeLabel(domain)}",device="${address}"}`, count]),
    ),
    metric('tracing', 'gauge', '1 if trace events report new interrupts, 0 if the watcher polls.', Number(tracing)),
    metric('domains', 'gauge', 'Running domains that a policy applies to.', domains),
    ...Object.entries(DOMAIN_GAUGES).map(([gauge, [name, help]]) =>
      family(
        name,
        'gauge',
        help,
        gauges.map(([domain, values]) => [`{domain="${escapeLabel(domain)}"}`, values[gauge as Gauge]]),
      ),
    ),
    metric('writes_total', 'counter', 'Affinities written.', writes),
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

/** Two domains may have one name for a moment, while one is renamed: one sample each would make the file invalid. */
function byName(counts: readonly DomainCounts[]): Map<string, DomainCounts> {
  const sums = new Map<string, DomainCounts>();
  for (const one of counts) {
    const sum = sums.get(one.domain);
    if (sum) for (const gauge of Object.keys(DOMAIN_GAUGES) as Gauge[]) sum[gauge] += one[gauge];
    else sums.set(one.domain, { ...one });
  }
  return sums;
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
