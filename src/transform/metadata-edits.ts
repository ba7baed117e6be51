import type { Definition } from '../domain/definition.js';
import { formatIdentity, type Identity } from '../domain/identity.js';
import { type DefaultPolicy, NAMESPACE, type PolicyMetadata } from '../domain/metadata.js';
import { formatAttributes, type Policy } from '../domain/policy.js';
import type { XmlDocument } from '../xml/document.js';
import type { Edit } from '../xml/edit.js';
import type { ElementRange, XmlElement } from '../xml/element.js';
import { select } from '../xml/select.js';
import { type Comments, commentsOf } from './metadata-comments.js';
import { indentBefore, startOfSpace } from './white-space.js';

/** XML's white space; `\s` also matches characters that are text in XML. */
const NOT_SPACE = /[^ \t\r\n]/;

/** The intended content of our element under `<metadata>`. */
export interface WantedMetadata {
  default: DefaultPolicy | undefined;
  entries: { identity: Identity; policy: Policy }[];
}

/** The edits that give our element the wanted content; none if it already has it. */
export function metadataEdits(definition: Definition, wanted: WantedMetadata): Edit[] {
  const { document } = definition;
  const existing = definition.metadata[0];
  if (!wanted.default && wanted.entries.length === 0) return existing ? [removal(document, existing.node)] : [];
  if (existing) return isUpToDate(existing, wanted) ? [] : [replacement(document, existing, wanted)];
  const container = select('/domain/metadata', document)[0];
  return [container ? insertionInto(document, container, wanted) : newContainer(document, wanted)];
}

function isUpToDate(existing: PolicyMetadata, wanted: WantedMetadata): boolean {
  return (
    existing.default === wanted.default &&
    existing.entries.length === wanted.entries.length &&
    existing.entries.every((entry, index) => entryText(entry) === entryText(wanted.entries[index] as typeof entry))
  );
}

function entryText({ identity, policy }: { identity: Identity; policy: Policy }): string {
  return `<hostdev ${formatIdentity(identity)} ${formatAttributes(policy)}/>`;
}

/**
 * @param outer line break and indentation of the element; '' if the document is one line
 * @param unit one level of indentation
 */
function render(wanted: WantedMetadata, outer: string, unit: string, existing?: Map<string, Comments>): string {
  const inner = nested(outer, unit);
  const lines = wanted.entries.flatMap((entry) => {
    const { before = [], after = [] } = existing?.get(formatIdentity(entry.identity)) ?? {};
    return [...before, [entryText(entry), ...after].join(' ')];
  });
  for (const comment of existing?.get('')?.before ?? []) lines.push(comment);
  const tag = `<hostdevs xmlns="${NAMESPACE}"${wanted.default ? ` default="${wanted.default}"` : ''}`;
  if (lines.length === 0) return `${tag}/>`;
  return `${tag}>${lines.map((line) => inner + line).join('')}${outer}</hostdevs>`;
}

function replacement(document: XmlDocument, existing: PolicyMetadata, wanted: WantedMetadata): Edit {
  const { start, end } = existing.node;
  const outer = indentBefore(document.text, start);
  return { start, end, text: render(wanted, outer, unitOf(document), commentsOf(document, existing)) };
}

/** Also removes a `<metadata>` that becomes empty, unless it has attributes other than our namespace declaration. */
function removal(document: XmlDocument, node: XmlElement): Edit {
  const { text } = document;
  const container = node.parent as XmlElement;
  const around = text.slice(container.openEnd, node.start) + text.slice(node.end, container.closeStart);
  const hasOtherAttributes = container.attributes.some(({ value }) => value !== NAMESPACE);
  const { start, end } = NOT_SPACE.test(around) || hasOtherAttributes ? node : container;
  return { start: startOfSpace(text, start), end, text: '' };
}

function insertionInto(document: XmlDocument, container: XmlElement, wanted: WantedMetadata): Edit {
  const { text } = document;
  const last = container.children.at(-1);
  const outer = last ? indentBefore(text, last.start) : nested(indentBefore(text, container.start), unitOf(document));
  const element = outer + render(wanted, outer, unitOf(document));
  const closing = indentBefore(text, container.start);
  if (container.openEnd === container.end) {
    const open = openTag(text, container);
    return { start: container.start, end: container.end, text: `${open}${element}${closing}</${container.tagName}>` };
  }
  if (!NOT_SPACE.test(text.slice(container.openEnd, container.closeStart))) {
    return { start: container.openEnd, end: container.closeStart, text: element + closing };
  }
  const end = startOfSpace(text, container.closeStart);
  return { start: end, end, text: element };
}

/** libvirt writes `<metadata>` after these elements. */
const BEFORE_METADATA = ['name', 'uuid', 'genid', 'title', 'description'];

function newContainer(document: XmlDocument, wanted: WantedMetadata): Edit {
  const { text, root } = document;
  const children = select('/domain/*', document);
  const anchor = children.filter((child) => BEFORE_METADATA.includes(child.tagName)).at(-1);
  const model = anchor ?? children[0];
  const outer = model ? indentBefore(text, model.start) : '';
  const inner = nested(outer, unitOf(document));
  const element = `${outer}<metadata>${inner}${render(wanted, inner, unitOf(document))}${outer}</metadata>`;
  if (root.openEnd === root.end) {
    const open = openTag(text, root);
    return { start: root.start, end: root.end, text: `${open}${element}</${root.tagName}>` };
  }
  const at = anchor ? endOfLineComment(text, anchor.end) : root.openEnd;
  return { start: at, end: at, text: element };
}

/** A comment on the anchor's line belongs to the anchor, so we insert after it. */
function endOfLineComment(text: string, offset: number): number {
  const comment = /[ \t]*<!--(?:(?!-->)[^\r\n])*-->(?=[ \t]*(?:[\r\n]|$))/y;
  comment.lastIndex = offset;
  return comment.test(text) ? comment.lastIndex : offset;
}

/** One level of indentation in this document: that of the first child on its own line, relative to the root. */
function unitOf(document: XmlDocument): string {
  const { text, root } = document;
  const columnsBefore = (element: XmlElement) => indentBefore(text, element.start).replace(/^[\r\n]+/, '');
  const indent = select('/domain/*', document).map(columnsBefore).find(Boolean) ?? '';
  const own = columnsBefore(root);
  return indent.startsWith(own) ? indent.slice(own.length) : indent;
}

/** An empty-element tag as a start tag. */
function openTag(text: string, { start, end }: ElementRange): string {
  return `${text.slice(start, startOfSpace(text, end - '/>'.length))}>`;
}

const nested = (outer: string, unit: string) => (outer ? outer + unit : '');
