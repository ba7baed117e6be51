import { readSettings } from '../../affinity/read-settings.js';
import type { PassHost } from '../../affinity/reconcile-domain.js';
import type { Definition } from '../../domain/definition.js';
import type { PostingOf } from '../../host/posted-vectors.js';
import { type Posting, readPosting } from '../../host/posting.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { RealFs } from '../../host/real-fs.js';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { Virsh } from '../../libvirt/virsh.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { readPostingStatus } from '../../runtime/posting-status.js';
import { StateStore } from '../../runtime/state-store.js';
import { decode } from '../../xml/decode.js';
import { colorsFor } from '../colors.js';
import { readInput, STDIN_NAME } from '../files/read-input.js';
import type { Io } from '../io.js';
import { assertHost } from './assert-host.js';

export interface EnforceOptions {
  command: 'plan' | 'enforce' | 'status';
  /** files with domain XML, `-` for standard input */
  paths: string[];
  /** domains to read from libvirt */
  domains: string[];
  /** libvirt's URI, as of `virsh -c` */
  connect?: string | undefined;
  /** a directory with /sys, /proc, /run and /etc to use instead of this host's */
  root?: string | undefined;
  json?: boolean | undefined;
  /** refresh the status at this interval, in seconds */
  watch?: number | undefined;
  /** how long interrupts are counted for the verdicts of status, in seconds; 0: there are none. Default 1 */
  sample?: number | undefined;
  /** write the status as an HTML page to this file, `-` for standard output */
  html?: string | undefined;
}

/** What is certain of the host's posting, and what is known of single vectors at this moment. */
export function readPostings(files: PseudoFs, root: string | undefined): { posting: Posting; postingOf: PostingOf } {
  const posting = readPosting(files);
  const postingOf = posting.possible === false ? () => ({ isPosted: false }) : readPostingStatus(root);
  return { posting, postingOf };
}

/** @throws ToolError if there is no host, or this user cannot write to it */
export function openHost({ command, root }: EnforceOptions, io: Io): PassHost {
  const files = new RealFs(root);
  assertHost(files, root);
  if (command === 'enforce' && root === undefined && io.userId() !== 0) {
    throw new ToolError('enforce writes /proc/irq/*/smp_affinity, which needs root: run it with sudo');
  }
  const settings = readSettings(files) ?? {};
  const { postingOf } = readPostings(files, root);
  return { files, state: new StateStore(root), settings, pause, onlyRunning: true, postingOf };
}

export interface Source {
  name: string;
  /** it can be read once only */
  once?: boolean;
  read(io: Io): Uint8Array;
}

/** The files and domains that were named; for `status` without any, all running domains. */
export function sourcesOf({ command, paths, domains, connect }: EnforceOptions, { env }: Io): Source[] {
  const virsh = new Virsh({ uri: connect, env });
  const names = [
    ...domains,
    ...(command === 'status' && paths.length + domains.length === 0 ? virsh.listRunningSync('uuid') : []),
  ];
  return [
    ...paths.map((path) => ({
      name: path === '-' ? STDIN_NAME : path,
      once: path === '-',
      read: (io: Io) => readInput(path, io.stdin.fd),
    })),
    ...names.map((name) => ({ name, read: () => new TextEncoder().encode(virsh.dumpXmlSync(name)) })),
  ];
}

/** The definition; undefined if it has errors, which are printed on standard error. */
export function readDomain({ name, read }: Source, io: Io): Definition | undefined {
  const { definition, findings, lines } = lintDocument(decode(read(io)));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const paint = colorsFor(io.stderr, io.env);
  for (const finding of reportFile(name, errors, lines).findings) {
    io.stderr.write(formatFinding(name, finding, lines.line(finding.line), paint, io.columns()));
  }
  return errors.length > 0 ? undefined : definition;
}
