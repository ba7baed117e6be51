import type { Definition } from '../../domain/definition.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import type { MetadataScope, Virsh } from '../../libvirt/virsh.js';
import { lintDocument } from '../../lint/lint-document.js';
import type { Finding } from '../../lint/rule.js';
import { attributesOf } from '../../xml/attributes.js';
import { decode } from '../../xml/decode.js';
import { applyEdits } from '../../xml/edit.js';
import { errorLine, type Io } from '../io.js';

/**
 * --live and --config can be given together. Neither, or --current: as in virsh, the running domain if it runs,
 * otherwise the stored definition.
 */
export interface ScopeOptions {
  live: boolean;
  config: boolean;
}

/** A domain known to libvirt. */
export interface NamedDomain {
  name: string;
  uuid: string;
  isRunning: boolean;
}

/** A definition of the domain, and the text with its new metadata. */
export interface MetadataChange {
  scope: MetadataScope;
  definition: Definition;
  after: string;
}

export const SCOPE_TEXT: Record<MetadataScope, string> = {
  live: 'the running domain',
  config: 'the stored definition',
};

/** As the subject of a sentence. */
export const subjectOf = (scope: MetadataScope, { name }: NamedDomain) =>
  `${SCOPE_TEXT[scope]}${scope === 'live' ? '' : ' of'} '${printable(name)}'`;

/** @param domain name, ID or UUID @throws ToolError */
export function findDomain(domain: string, virsh: Virsh): NamedDomain {
  const { name, uuid } = read(virsh.dumpXmlSync(domain));
  const canonical = uuid === undefined ? undefined : canonicalUuid(uuid);
  if (canonical === undefined) throw new ToolError(`virsh: the definition of ${printable(domain)} has no UUID`);
  const running = virsh.listRunningSync('uuid').map(canonicalUuid);
  return { name, uuid: canonical, isRunning: running.includes(canonical) };
}

/**
 * The stored definition first: if libvirt refuses to change it, as for a transient domain, nothing was changed.
 * @throws ToolError
 */
export function scopesOf({ live, config }: ScopeOptions, { name, isRunning }: NamedDomain): MetadataScope[] {
  if (live && !isRunning) throw new ToolError(`domain '${printable(name)}' is not running: leave out --live`);
  if (live || config) return [config ? ('config' as const) : [], live ? ('live' as const) : []].flat();
  return [isRunning ? 'live' : 'config'];
}

/** @throws ToolError also if its metadata has errors: a change would remove the unreadable part */
export function readDefinitionOf({ name, uuid }: NamedDomain, scope: MetadataScope, virsh: Virsh): Definition {
  const definition = read(scope === 'live' ? virsh.dumpXmlSync(uuid) : virsh.dumpStoredXmlSync(uuid));
  const { metadata } = definition;
  if (metadata.length <= 1 && metadata.every(({ problems }) => problems.length === 0)) return definition;
  const where = `the metadata of ${SCOPE_TEXT[scope]}`;
  throw new ToolError(`${where} has errors: repair it with hostdev-cpuset edit ${printable(name)}`);
}

function read(text: string): Definition {
  const { definition, findings } = lintText(text);
  if (!definition) throw new ToolError(`virsh dumpxml: ${findings[0]?.message}`);
  return definition;
}

function lintText(text: string) {
  return lintDocument(decode(new TextEncoder().encode(text)));
}

/**
 * Prints lint's findings in the new text that the old one did not have.
 * @param severities of those that are printed
 * @returns false if one is an error: the text must not be written
 */
export function passesLint(
  { definition, after }: Pick<MetadataChange, 'definition' | 'after'>,
  io: Io,
  severities: readonly Finding['severity'][] = ['error', 'warning'],
): boolean {
  const keyOf = ({ rule, message }: Finding) => `${rule}\n${message}`;
  const before = new Set(lintText(definition.document.text).findings.map(keyOf));
  const found = lintText(after).findings.filter(
    (finding) => severities.includes(finding.severity) && !before.has(keyOf(finding)),
  );
  for (const { rule, severity, message, hint } of found)
    io.stderr.write(errorLine(severity, `${message}${hint ? ` (${hint})` : ''} [${rule}]`));
  return found.every(({ severity }) => severity !== 'error');
}

/**
 * Writes the metadata element of the new text, and reads it back.
 * @returns false if there was nothing to change
 * @throws ToolError
 */
export function writeMetadata(
  { uuid }: NamedDomain,
  { scope, definition, after }: MetadataChange,
  virsh: Virsh,
): boolean {
  if (after === definition.document.text) return false;
  const wanted = elementOf(read(after));
  virsh.setMetadataSync(uuid, scope, wanted?.text);
  const now = elementOf(read(scope === 'live' ? virsh.dumpXmlSync(uuid) : virsh.dumpStoredXmlSync(uuid)));
  if (now?.entries !== wanted?.entries)
    throw new ToolError(`libvirt did not keep the metadata of ${SCOPE_TEXT[scope]}`);
  return true;
}

/** Writes the metadata element that the definition had before. @throws ToolError */
export function restoreMetadata({ uuid }: NamedDomain, { scope, definition }: MetadataChange, virsh: Virsh): void {
  virsh.setMetadataSync(uuid, scope, elementOf(definition)?.text);
}

/** Our element: its text, and its entries without white space and comments. */
function elementOf({ document, metadata: [first] }: Definition): { text: string; entries: string } | undefined {
  if (!first) return undefined;
  const { node, entries } = first;
  const all = entries.map(({ node: { start, end } }) => document.text.slice(start, end).replace(/["']/g, ''));
  // libvirt adds a prefix for our namespace, and refuses an element that already has it
  const prefixes = attributesOf(document, node).filter(({ name }) => name.startsWith('xmlns:'));
  const removed = prefixes.map(({ start, end }) => ({ start: start - node.start, end: end - node.start, text: '' }));
  return { text: applyEdits(document.text.slice(node.start, node.end), removed), entries: all.join('\n') };
}
