import { hostname } from 'node:os';
import { type DomainPlan, withSharedLinesFailed } from '../../affinity/domain-plan.js';
import { savedClaimants } from '../../affinity/earlier-writes.js';
import { planDomain } from '../../affinity/reconcile-domain.js';
import type { PciAddress } from '../../domain/address.js';
import type { PlainDefinition } from '../../domain/plain-definition.js';
import { OpenDevicesCache } from '../../host/open-devices.js';
import type { Posting } from '../../host/posting.js';
import { pidFilesOnce } from '../../host/qemu-threads.js';
import { readTopology, type Topology } from '../../host/topology.js';
import { type ProblemReport, problemReport } from '../../report/problem-report.js';
import { type ReportContext, reportOf, type StatusReport } from '../../report/report.js';
import { readWatcherStatus, type WatcherStatus } from '../../runtime/watcher-status.js';
import { DISCOVERIES } from '../discovery-names.js';
import type { DomainOptions, Source } from '../host/domain-source.js';
import { type CommandHost, openHost, readPostings } from '../host/open-host.js';
import { assertOwnDomains } from '../host/other-host.js';
import { sourcesOf } from '../host/sources.js';
import type { Io } from '../io.js';
import { hostProblems } from './host-problems.js';
import type { Sampled } from './sampler.js';

/** virsh takes time for each domain, so a definition is used this long. The interrupts are read at each poll. */
const DEFINITION_MAX_AGE_MS = 10_000;

/** A host at one moment. */
export interface HostStatus {
  name: string;
  time: Date;
  plans: DomainPlan[];
  /** of the plans' domains */
  definitions: PlainDefinition[];
  /** for each plan: when its interrupts were read, monotonic, in ms */
  readAt: number[];
  topology: Topology;
  posting: Posting;
  watcher: WatcherStatus | null;
  /** problems of the whole host */
  problems: ProblemReport[];
  /** which definitions have errors, and whether guests may be missing, for people; empty: none, and no */
  complaint: string;
  /** for each plan, between two samples; empty after only one sample */
  verdicts?: Sampled['verdicts'];
}

export interface StatusRequest extends DomainOptions {
  /** false: do not read how often each CPU took an interrupt */
  counts?: boolean;
}

/** A definition, if it could be read, and its errors for people. */
interface Known {
  /** of its source */
  name: string;
  definition: PlainDefinition | undefined;
  until: number;
  complaint: string;
}

/** Reads the status of a host, once or repeatedly. */
export class StatusReader {
  readonly host: CommandHost;
  readonly #known = new Map<string, Known>();

  /** @throws ToolError if there is no host */
  constructor(
    private readonly request: StatusRequest,
    private readonly io: Io,
  ) {
    assertOwnDomains(request, io);
    this.host = openHost(request);
  }

  /** The status of the named domains, otherwise of all running ones. Throws the errors of reading the host. */
  read(): HostStatus {
    const { request, io } = this;
    const { files } = this.host;
    // other users' processes cannot be read
    const seesAll = request.root !== undefined || io.userId() === 0;
    const discover = request.discover ?? (seesAll ? DISCOVERIES : ['libvirt']);
    const { sources, complaint } = sourcesOf(request, discover, this.host, io);
    const topology = readTopology(files);
    // one cache for all domains
    const cache = new OpenDevicesCache(files);
    const claimants = (address: PciAddress) => savedClaimants(this.host.state, address);
    const ownership = { cache, pidFiles: pidFilesOnce(files), savedClaimants: claimants, maxAgeMs: 1 };
    const { posting, postingOf } = readPostings(files, request.root);
    const host = { ...this.host, counts: request.counts ?? true, recent: { topology, ownership }, postingOf };
    const known = sources.map((source) => {
      const found = this.#known.get(source.name);
      if (found && found.until > now()) return found;
      const complaints: string[] = [];
      const stderr = { isTTY: io.stderr.isTTY, write: (text: string) => void complaints.push(text) };
      const domain = source.read({ ...io, stderr });
      const definition = typeof domain === 'object' ? domain.definition : undefined;
      const read = { name: source.name, definition, until: now() + maxAgeMsOf(source), complaint: complaints.join('') };
      this.#known.set(source.name, read);
      return read;
    });
    const names = new Set(sources.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    const definitions = known.flatMap(({ definition }) => definition ?? []);
    const readAt: number[] = [];
    const plans = definitions.map((definition) => {
      readAt.push(now());
      return withSharedLinesFailed(planDomain(host, definition));
    });
    const invalid = known.flatMap(({ definition, complaint: errors, name }) => {
      const plan = definition && plans[definitions.indexOf(definition)];
      return errors === '' || (plan && hasError(plan)) ? [] : (definition?.name ?? name);
    });
    const watcher = readWatcherStatus(request.root);
    return {
      name: request.root === undefined ? hostname() : files.read('/etc/hostname')?.trim() || request.root,
      time: new Date(),
      ...{ plans, definitions, readAt, topology, watcher },
      posting,
      problems: hostProblems(files, {
        ...{ root: request.root, userId: io.userId(), watcher, plans, invalid },
        areSomeUnseen: complaint !== '',
      }),
      complaint: complaint + known.map((one) => one.complaint).join(''),
    };
  }
}

/** How long a definition is used. Standard input can be read once only; what was found in /proc is new each time. */
function maxAgeMsOf({ once, isFound }: Source): number {
  if (isFound) return 0;
  return once ? Number.POSITIVE_INFINITY : DEFINITION_MAX_AGE_MS;
}

/** Whether the plan itself reports an error. */
const hasError = ({ problems, devices }: DomainPlan) =>
  [...problems, ...devices.flatMap((device) => device.problems)].some((one) => problemReport(one).severity === 'error');

/** Monotonic, in ms. */
const now = () => performance.now();

export function contextOf({ name, time, topology, posting, watcher, verdicts = [] }: HostStatus): ReportContext {
  const context = { name, time: time.toISOString(), nodes: topology.nodes, posting };
  return { ...context, contested: watcher?.contested ?? [], verdicts };
}

/** The same as JSON. */
export function statusReport(status: HostStatus, plans: readonly DomainPlan[] = status.plans): StatusReport {
  const { watcher, problems } = status;
  const { summary } = reportOf(status.plans, contextOf(status));
  // the verdicts are in the order of all plans
  const context = plans === status.plans ? contextOf(status) : { ...contextOf(status), verdicts: [] };
  return { ...reportOf(plans, context), summary, watcher, problems };
}
