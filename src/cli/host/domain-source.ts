import { readSettings } from '../../affinity/read-settings.js';
import type { PassHost } from '../../affinity/reconcile-domain.js';
import type { Definition } from '../../domain/definition.js';
import { canonicalUuid } from '../../domain/uuid.js';
import type { PostingOf } from '../../host/posted-vectors.js';
import { type Posting, readPosting } from '../../host/posting.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { RealFs } from '../../host/real-fs.js';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { printable } from '../../lib/printable.js';
import { type RunningDomain, runningDomains } from '../../libvirt/status-files.js';
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

/** The domains that a command works on, and where to read them. */
export interface DomainOptions {
  /** files with domain XML, `-` for standard input */
  paths: string[];
  /** domains to read from libvirt */
  domains: string[];
  /** libvirt's URI, as in `virsh -c` */
  connect?: string | undefined;
  /** a directory with /sys, /proc, /run and /etc to use instead of this host's */
  root?: string | undefined;
}

/** Whether this host can post interrupts, and the present posting of single vectors. */
export function readPostings(files: PseudoFs, root: string | undefined): { posting: Posting; postingOf: PostingOf } {
  const posting = readPosting(files);
  const postingOf = posting.possible === false ? () => ({ isPosted: false }) : readPostingStatus(root);
  return { posting, postingOf };
}

/**
 * The host for a pass.
 * @throws ToolError if there is no host
 */
export function openHost({ root }: Pick<DomainOptions, 'root'>): PassHost & { files: RealFs } {
  const files = new RealFs(root);
  assertHost(files, root);
  const settings = readSettings(files) ?? {};
  const { postingOf } = readPostings(files, root);
  return { files, state: new StateStore(root), settings, pause, onlyRunning: true, postingOf };
}

export interface Source {
  name: string;
  /** true: it can be read only once */
  once?: boolean;
  /** undefined: the domain has ended since it was listed */
  read(io: Io): Uint8Array | undefined;
}

/** The files and domains that the user named. */
export function namedSources(options: DomainOptions, io: Io): Source[] {
  const { paths, domains } = options;
  return [
    ...paths.map((path) => ({
      name: path === '-' ? STDIN_NAME : path,
      once: path === '-',
      read: (io: Io) => readInput(path, io.stdin.fd),
    })),
    ...domains.map((name) => ({ name, read: () => bytes(readNamed(name, options, io)) })),
  ];
}

/** All running domains. */
export function runningSources(options: DomainOptions, { env }: Io): Source[] {
  if (isTree(options))
    return runningDomains(new RealFs(options.root)).map(({ name, uuid, xml }) => ({
      name: uuid ?? name,
      read: () => bytes(xml),
    }));
  const virsh = new Virsh({ uri: options.connect, env });
  const uuids = virsh.listRunningSync('uuid').flatMap((uuid) => canonicalUuid(uuid) ?? []);
  let all: Map<string, string> | undefined;
  const readAlone = (uuid: string) => {
    try {
      return virsh.dumpXmlSync(uuid);
    } catch (error) {
      if (!(error instanceof ToolError) || virsh.listRunningSync('uuid').includes(uuid)) throw error;
      return undefined;
    }
  };
  return uuids.map((name) => ({
    name,
    read: () => {
      // reads all definitions at the first call only: a caller that has cached all of them makes none
      all ??= virsh.dumpXmlOfAllSync(uuids);
      const text = all.get(name) ?? readAlone(name);
      return text === undefined ? undefined : bytes(text);
    },
  }));
}

/** No libvirt knows the domains below a root, unless its URI is given: this host's libvirt has other domains. */
const isTree = ({ root, connect }: DomainOptions) => root !== undefined && connect === undefined;

function readNamed(name: string, options: DomainOptions, { env }: Io): string {
  if (!isTree(options)) return new Virsh({ uri: options.connect, env }).dumpXmlSync(name);
  const { root = '' } = options;
  return runningBelow(new RealFs(root), name, root).xml;
}

/**
 * By ID, UUID or name, as in virsh.
 * @throws ToolError
 */
function runningBelow(files: PseudoFs, name: string, root: string): RunningDomain {
  const running = runningDomains(files);
  const uuid = canonicalUuid(name);
  const found =
    running.find(({ id }) => id === name) ??
    running.find((domain) => uuid !== undefined && domain.uuid === uuid) ??
    running.find((domain) => domain.name === name);
  if (found) return found;
  const known = running.map((domain) => domain.name).join(', ');
  const where = `${root.replace(/\/+$/, '')}/run/libvirt/qemu`;
  throw new ToolError(
    printable(`no domain ${name} runs by ${where}${known ? `, which has ${known}` : ''}; -c URI asks a libvirt`),
  );
}

/** The definition; undefined if it has errors, which are printed on standard error. */
export function readDomain(name: string, text: Uint8Array, io: Io): Definition | undefined {
  const { definition, findings, lines } = lintDocument(decode(text));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const paint = colorsFor(io.stderr, io.env);
  for (const finding of reportFile(name, errors, lines).findings) {
    io.stderr.write(formatFinding(name, finding, lines.line(finding.line), paint, io.columns()));
  }
  return errors.length > 0 ? undefined : definition;
}

const bytes = (text: string) => new TextEncoder().encode(text);
