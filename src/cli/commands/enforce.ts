import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainPlan } from '../../affinity/domain-plan.js';
import { enforceDomain, planDomain } from '../../affinity/reconcile-domain.js';
import type { Definition } from '../../domain/definition.js';
import { statesPolicy } from '../../domain/device-policies.js';
import type { DefaultPolicy } from '../../domain/metadata.js';
import { plainDefinition } from '../../domain/plain-definition.js';
import { readPosting } from '../../host/posting.js';
import { readTopology } from '../../host/topology.js';
import { pause } from '../../lib/pause.js';
import { printableJson } from '../../lib/printable.js';
import { reportOf } from '../../report/report.js';
import { formatReport } from '../../report/text-report.js';
import { isRunning } from '../../report/verdict.js';
import { withDomainLock } from '../../runtime/domain-lock.js';
import { readWatcherStatus } from '../../runtime/watcher-status.js';
import { colorsFor } from '../colors.js';
import { type EnforceOptions, openHost, readDomain, readPostings, sourcesOf } from '../host/domain-source.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { postingLines } from '../status/posting-line.js';
import { type Sampled, Sampler, verdictLines } from '../status/sampler.js';
import { watcherLines } from '../status/watcher-line.js';

/** How long interrupts are counted for a verdict, in seconds. */
const SAMPLE_SECONDS = 1;

/** `plan`, `enforce` and `status`: prints the report; returns the exit status. */
export async function enforceCommand(options: EnforceOptions, io: Io): Promise<number> {
  const host = openHost(options, io);
  const definitions = sourcesOf(options, io).map((source) => readDomain(source, io));
  const hostDefault = host.settings.default ?? 'native';
  let plans: DomainPlan[] = [];
  let stateError: Error | undefined;
  for (const definition of definitions) {
    if (!definition) continue;
    if (options.command === 'enforce') {
      const result = exclusively(definition, options, () => enforceDomain(host, plainDefinition(definition)));
      stateError ??= result.stateError;
      plans.push(result.applied);
    } else plans.push(planDomain(host, plainDefinition(definition)));
  }
  let verdicts: Sampled['verdicts'] = [];
  const sampleSeconds = options.sample ?? SAMPLE_SECONDS;
  if (hasVerdicts(options) && sampleSeconds > 0 && plans.some(isRunning)) {
    const sampler = new Sampler(host.files);
    sampler.take(plans, performance.now());
    await sleep(sampleSeconds * 1000);
    const now = { ...host, postingOf: readPostings(host.files, options.root).postingOf };
    const again = definitions.flatMap((definition) => (definition ? planDomain(now, plainDefinition(definition)) : []));
    ({ plans, verdicts } = sampler.take(again, performance.now()));
  }
  const report = reportOf(plans, readTopology(host.files).nodes, readPosting(host.files), verdicts);
  if (options.json) {
    const watcher = options.command === 'status' && { watcher: readWatcherStatus(options.root) };
    io.stdout.write(printableJson({ ...report, ...watcher }));
  } else {
    io.stdout.write(formatReport(plans, colorsFor(io.stdout, io.env), io.columns()));
    if (options.command === 'status') {
      io.stdout.write(verdictLines(plans, verdicts, io.columns()));
      io.stdout.write(postingLines(report.host.posting, io.columns()));
      io.stdout.write(watcherLines(options.root, io.columns(), io));
    }
  }
  if (options.command !== 'status') {
    for (const definition of definitions) noteWithoutPolicy(definition, hostDefault, io);
  }
  if (stateError)
    io.stderr.write(errorLine('hostdev-cpuset', `what was written could not be recorded: ${stateError.message}`));
  // where nothing is to be placed, a device that the host lacks is no failure of the plan
  const isIdle = (definition: Definition) =>
    options.command === 'plan' && hostDefault === 'native' && !statesPolicy(definition);
  const read = definitions.filter((definition) => definition !== undefined);
  const judged = report.domains.filter((_, index) => !isIdle(read[index] as Definition));
  const problems = judged.flatMap((domain) => [
    ...domain.problems,
    ...domain.devices.flatMap((device) => device.problems),
  ]);
  const failed = report.summary.failed > 0 || problems.some(({ severity }) => severity === 'error');
  return failed || definitions.includes(undefined) ? EXIT.findings : EXIT.ok;
}

/** Domains that were named get one each; an overview of all does not. */
function hasVerdicts({ command, paths, domains }: EnforceOptions): boolean {
  return command === 'status' && paths.length + domains.length > 0;
}

/** A pass of the hook or the watcher on the same domain ends first. */
function exclusively<T>({ uuid }: Definition, { root = '' }: EnforceOptions, pass: () => T): T {
  return withDomainLock({ root, pause }, uuid, pass);
}

function noteWithoutPolicy(definition: Definition | undefined, hostDefault: DefaultPolicy, io: Io): void {
  if (!definition || statesPolicy(definition)) return;
  const result =
    hostDefault === 'native' ? 'no interrupt is placed' : `the default of this host applies: ${hostDefault}`;
  io.stderr.write(
    errorLine('note', `the definition of ${definition.name || 'the domain'} states no policy: ${result}`),
  );
}
