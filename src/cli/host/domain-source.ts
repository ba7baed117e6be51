import { statesPolicy } from '../../domain/device-policies.js';
import { type PlainDefinition, plainDefinition } from '../../domain/plain-definition.js';
import { canonicalUuid } from '../../domain/uuid.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { RealFs } from '../../host/real-fs.js';
import { compareNames } from '../../lib/compare-names.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { type RunningDomain, runningDomains } from '../../libvirt/status-files.js';
import { Virsh } from '../../libvirt/virsh.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { decode } from '../../xml/decode.js';
import { colorsFor } from '../colors.js';
import type { Discovery } from '../discovery-names.js';
import { readInput, STDIN_NAME } from '../files/read-input.js';
import type { Io } from '../io.js';

/** The domains that a command works on, and where to read them. */
export interface DomainOptions {
  /** files with domain XML, `-` for standard input */
  paths: string[];
  /** domains to read from libvirt */
  domains: string[];
  /** where running domains are looked for; undefined: as the command does by itself */
  discover?: readonly Discovery[] | undefined;
  /** libvirt's URI, as of `virsh -c` */
  connect?: string | undefined;
  /** a directory with /sys, /proc, /run and /etc to use instead of this host's */
  root?: string | undefined;
}

/** A domain as it was read. */
export interface ReadDomain {
  definition: PlainDefinition;
  /** it says anything about a policy, valid or not */
  statesPolicy: boolean;
  /** the definition has errors, which are printed on standard error; the watcher follows the rest of it */
  hasErrors?: boolean;
}

export interface Source {
  name: string;
  /** true: it can be read only once */
  once?: boolean;
  /** of a guest that was found in /proc: it is known already */
  isFound?: boolean;
  /**
   * invalid: it cannot be read as a definition, for the printed reasons; ended: a domain that was listed has ended
   */
  read(io: Io): ReadDomain | 'invalid' | 'ended';
}

/** The files and domains that were named. */
export function namedSources(options: DomainOptions, { env }: Io): Source[] {
  const { paths, domains } = options;
  return [
    ...paths.map((path) => ({
      name: path === '-' ? STDIN_NAME : path,
      once: path === '-',
      read: (io: Io) => readDomain(path === '-' ? STDIN_NAME : path, readInput(path, io.stdin.fd), io),
    })),
    ...domains.map((name) => ({ name, read: (io: Io) => readDomain(name, bytes(readNamed(name, options, env)), io) })),
  ];
}

/** All running domains of libvirt. */
export function runningSources(options: DomainOptions, { env }: Io): Source[] {
  if (isTree(options))
    return runningDomains(new RealFs(options.root)).map(({ name, uuid, xml }) => ({
      name: uuid ?? name,
      read: (io) => readRunning(uuid ?? name, bytes(xml), io),
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
    read: (io) => {
      // at the first one: a caller that knows them all asks nothing
      all ??= virsh.dumpXmlOfAllSync(uuids);
      const text = all.get(name) ?? readAlone(name);
      return text === undefined ? 'ended' : readRunning(name, bytes(text), io);
    },
  }));
}

/** No libvirt knows the domains below a root, unless its URI is given: this host's libvirt has other domains. */
const isTree = ({ root, connect }: DomainOptions) => root !== undefined && connect === undefined;

function readNamed(name: string, options: DomainOptions, env: Io['env']): string {
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
  const names = running.map((domain) => domain.name).sort(compareNames);
  const where = `${root.replace(/\/+$/, '')}/run/libvirt/qemu`;
  throw new ToolError(printable(`no domain ${name} runs below ${where}: ${namesText(names)}`));
}

const MAX_NAMES = 8;

/** `it has vnf-0, vnf-1, and 38 more`. */
function namesText(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? `, and ${names.length - MAX_NAMES} more` : '';
  return names.length === 0 ? 'none does' : `it has ${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

/** Errors of a domain that the user has not named are printed with its name: a UUID says nothing. */
const readRunning = (uuid: string, text: Uint8Array, io: Io) => readDomain((name) => name || uuid, text, io);

/**
 * Errors of the definition are printed on standard error.
 * @param labelOf what they begin with, given the domain's name
 */
function readDomain(labelOf: string | ((name: string) => string), text: Uint8Array, io: Io): ReadDomain | 'invalid' {
  const { definition, findings, lines } = lintDocument(decode(text));
  const name = typeof labelOf === 'string' ? labelOf : labelOf(definition?.name ?? '');
  const errors = findings.filter(({ severity }) => severity === 'error');
  const paint = colorsFor(io.stderr, io.env);
  for (const finding of reportFile(name, errors, lines).findings) {
    io.stderr.write(formatFinding(name, finding, lines.line(finding.line), paint, io.columns()));
  }
  if (!definition) return 'invalid';
  const hasErrors = errors.length > 0;
  return { definition: plainDefinition(definition), statesPolicy: statesPolicy(definition), hasErrors };
}

const bytes = (text: string) => new TextEncoder().encode(text);
