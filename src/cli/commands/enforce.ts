import { readSettings } from '../../affinity/read-settings.js';
import { enforceDomain, type PassHost, planDomain } from '../../affinity/reconcile-domain.js';
import { type DomainReport, enforceReport } from '../../affinity/report.js';
import type { Definition } from '../../domain/definition.js';
import { RealFs } from '../../host/real-fs.js';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { dumpDomain, runningDomains } from '../../libvirt/virsh-sync.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { formatReport } from '../../report/text-report.js';
import { StateStore } from '../../runtime/state-store.js';
import { readWatcherStatus } from '../../watch/status-file.js';
import { decode } from '../../xml/decode.js';
import { colorsFor } from '../colors.js';
import { readInput, STDIN_NAME } from '../files/read-input.js';
import { assertHost } from '../host/check-root.js';
import { EXIT, type Io } from '../io.js';
import { watcherLines } from '../status/watcher-text.js';

export interface EnforceOptions {
  command: 'plan' | 'enforce' | 'status';
  /** files with domain XML, `-` for standard input */
  paths: string[];
  /** domains that virsh is asked for */
  domains: string[];
  /** libvirt's URI, as of `virsh -c` */
  connect?: string | undefined;
  /** a tree in place of the host */
  root?: string | undefined;
  json?: boolean | undefined;
  /** status again and again, every so many seconds */
  watch?: number | undefined;
  /** status as a page: where to, `-` for standard output */
  html?: string | undefined;
}

/** `plan`, `enforce` and `status`: prints the report; returns the exit status. */
export function enforceCommand(options: EnforceOptions, io: Io): number {
  const host = openHost(options, io);
  const definitions = sourcesOf(options).map((source) => readDomain(source, io));
  const domains: DomainReport[] = [];
  let stateError: Error | undefined;
  for (const definition of definitions) {
    if (!definition) continue;
    if (options.command === 'enforce') {
      const result = enforceDomain(host, definition);
      stateError ??= result.stateError;
      domains.push(result.report);
    } else domains.push(planDomain(host, definition));
  }
  const report = enforceReport(domains);
  if (options.json) {
    const watcher = options.command === 'status' && { watcher: readWatcherStatus(options.root) };
    io.stdout.write(`${JSON.stringify({ ...report, ...watcher }, null, 2)}\n`);
  } else {
    io.stdout.write(formatReport(report, colorsFor(io.stdout, io.env), io.columns()));
    if (options.command === 'status') io.stdout.write(watcherLines(options.root, io.columns(), io));
  }
  if (stateError) io.stderr.write(`hostdev-cpuset: what was written could not be noted down: ${stateError.message}\n`);
  const problems = domains.flatMap((domain) => [
    ...domain.problems,
    ...domain.devices.flatMap((device) => device.problems),
  ]);
  const failed = report.summary.failed > 0 || problems.some(({ severity }) => severity === 'error');
  return failed || definitions.includes(undefined) ? EXIT.findings : EXIT.ok;
}

/** @throws ToolError where there is no host, or where it may not be written */
export function openHost({ command, root }: EnforceOptions, io: Io): PassHost {
  const files = new RealFs(root);
  assertHost(files, root);
  if (command === 'enforce' && root === undefined && io.userId() !== 0) {
    throw new ToolError('enforce writes /proc/irq/*/smp_affinity, which only root may: run it with sudo');
  }
  return { files, state: new StateStore(root), settings: readSettings(files) ?? {}, pause, onlyRunning: true };
}

export interface Source {
  name: string;
  /** it cannot be read again */
  once?: boolean;
  read(io: Io): Uint8Array;
}

/** Files and domains as asked; for status alone, without either, every running domain. */
export function sourcesOf({ command, paths, domains, connect }: EnforceOptions): Source[] {
  const asked = [
    ...domains,
    ...(command === 'status' && paths.length + domains.length === 0 ? runningDomains(connect) : []),
  ];
  return [
    ...paths.map((path) => ({
      name: path === '-' ? STDIN_NAME : path,
      once: path === '-',
      read: (io: Io) => readInput(path, io.stdin.fd),
    })),
    ...asked.map((name) => ({ name, read: () => new TextEncoder().encode(dumpDomain(name, connect)) })),
  ];
}

/** The definition; undefined where it has errors, which are then on standard error. */
export function readDomain({ name, read }: Source, io: Io): Definition | undefined {
  const { definition, findings, lines } = lintDocument(decode(read(io)));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const paint = colorsFor(io.stderr, io.env);
  for (const finding of reportFile(name, errors, lines).findings) {
    io.stderr.write(formatFinding(name, finding, lines.line(finding.line), paint));
  }
  return errors.length > 0 ? undefined : definition;
}
