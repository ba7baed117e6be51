import type { DomainPlan } from '../../affinity/domain-plan.js';
import { withSharedLinesFailed } from '../../affinity/domain-plan.js';
import { enforceDomain, type PassHost, planDomain } from '../../affinity/reconcile-domain.js';
import { withGuestPolicies } from '../../domain/guest-policies.js';
import type { DefaultPolicy } from '../../domain/metadata.js';
import type { PlainDefinition } from '../../domain/plain-definition.js';
import { readPosting } from '../../host/posting.js';
import { readTopology } from '../../host/topology.js';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { printableJson } from '../../lib/printable.js';
import { reportOf } from '../../report/report.js';
import { formatReport } from '../../report/text-report.js';
import { withDomainLock } from '../../runtime/domain-lock.js';
import { readWatcherStatus } from '../../runtime/watcher-status.js';
import { colorsFor } from '../colors.js';
import type { DomainOptions, ReadDomain, Source } from '../host/domain-source.js';
import { openHost } from '../host/open-host.js';
import { assertOwnDomains } from '../host/other-host.js';
import { sourcesOf } from '../host/sources.js';
import { EXIT, errorLine, type Io } from '../io.js';

export interface PlanOptions extends DomainOptions {
  command: 'plan' | 'enforce';
  json?: boolean | undefined;
}

/** `plan` and `enforce`: prints the report; returns the exit status. */
export async function planCommand(options: PlanOptions, io: Io): Promise<number> {
  const { command, root } = options;
  if (command === 'enforce' && root === undefined && io.userId() !== 0)
    throw new ToolError('enforce writes /proc/irq/*/smp_affinity, which needs root: run it with sudo');
  assertOwnDomains(options, io);
  const host = openHost(options);
  const { sources, complaint } = sourcesOf(options, options.discover ?? ['libvirt'], host, io);
  io.stderr.write(complaint);
  const domains = sources.map((source) => source.read(io));
  const read = domains.filter(isValid);
  const areSomeInvalid = domains.some((domain) => domain !== 'ended' && !isValid(domain));
  const hostDefault = host.settings.default ?? 'native';
  const plans: DomainPlan[] = [];
  let stateError: Error | undefined;
  for (const { definition } of read) {
    if (command === 'enforce') {
      const result = exclusively(definition, options, () => enforceDomain(host, definition));
      stateError ??= result.stateError;
      plans.push(withSharedLinesFailed(result.applied));
    } else plans.push(withSharedLinesFailed(planDomain(host, definition)));
  }
  const report = reportOf(plans, {
    nodes: readTopology(host.files).nodes,
    posting: readPosting(host.files),
    isApplied: command === 'enforce',
    contested: readWatcherStatus(root)?.contested ?? [],
  });
  if (options.json) io.stdout.write(printableJson(report));
  else if (plans.length > 0 || !areSomeInvalid)
    io.stdout.write(formatReport(plans, colorsFor(io.stdout, io.env), io.columns(), { command }));
  for (const domain of read) if (!hasPolicy(domain, host)) noteWithoutPolicy(domain, hostDefault, io);
  if (stateError) io.stderr.write(errorLine('hostdev-cpuset', `state not saved: ${stateError.message}`));
  // where nothing is to be placed, a device that the host lacks is no failure of the plan
  const isIdle = (domain: ReadDomain) => command === 'plan' && hostDefault === 'native' && !hasPolicy(domain, host);
  const judged = report.domains.filter((_, index) => !isIdle(read[index] as ReadDomain));
  const problems = judged.flatMap((domain) => [
    ...domain.problems,
    ...domain.devices.flatMap((device) => device.problems),
  ]);
  const failed = report.summary.failed > 0 || problems.some(({ severity }) => severity === 'error');
  return failed || areSomeInvalid ? EXIT.findings : EXIT.ok;
}

function isValid(domain: ReturnType<Source['read']>): domain is ReadDomain {
  return typeof domain === 'object' && !domain.hasErrors;
}

/** A pass of the hook or the watcher on the same domain ends first. */
function exclusively<T>({ uuid }: PlainDefinition, { root = '' }: PlanOptions, pass: () => T): T {
  return withDomainLock({ root, pause }, uuid, pass);
}

/** Whether the definition states a policy, or the host's administrator has given the guest one. */
function hasPolicy({ definition, statesPolicy }: ReadDomain, { settings }: PassHost): boolean {
  return statesPolicy || withGuestPolicies(definition, settings).devices.some(({ origin }) => origin !== undefined);
}

function noteWithoutPolicy({ definition }: ReadDomain, hostDefault: DefaultPolicy, io: Io): void {
  const result =
    hostDefault === 'native' ? 'no interrupt is placed' : `the default of this host applies: ${hostDefault}`;
  io.stderr.write(
    errorLine('note', `the definition of ${definition.name || 'the domain'} states no policy: ${result}`),
  );
}
