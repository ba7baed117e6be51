import { type AttributeRange, attributesOf } from '../xml/attributes.js';
import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { endOfMisc } from '../xml/parse-errors.js';
import { select } from '../xml/select.js';
import { parseAddress } from './address.js';
import { formatIdentity, type Identity, type IdentityKey, parseIdentity } from './identity.js';
import { POLICY_ATTRIBUTES, type Policy, parsePolicy } from './policy.js';
import { policyRanges, policyTextOf } from './stated-policy.js';

/** Namespace of the element under `<metadata>` that carries the policies through libvirt. */
export const NAMESPACE = 'urn:hostdev-cpuset:1';
const KEYS: readonly IdentityKey[] = ['alias', 'address', 'mac'];

/** The policy of devices without one of their own. */
export type DefaultPolicy = 'auto' | 'native';

export interface Entry {
  node: XmlElement;
  identity: Identity;
  policy: Policy;
}

/** A part of our element that does not match its grammar (rng/metadata.rng). */
export interface MetadataProblem {
  /** UTF-16 offset in the document's text */
  offset: number;
  /** absent: a point */
  end?: number;
  message: string;
  hint?: string;
  /** the device whose entry is invalid */
  identity?: Identity;
}

/** Our element under `<metadata>`. */
export interface PolicyMetadata {
  node: XmlElement;
  default?: DefaultPolicy;
  entries: Entry[];
  problems: MetadataProblem[];
}

/** All our elements, in document order. libvirt keeps the first and drops the others. */
export function readMetadata(document: XmlDocument): PolicyMetadata[] {
  const ours = select('/domain/metadata/*', document).filter(({ namespaceURI }) => namespaceURI === NAMESPACE);
  return ours.map((node) => {
    const problems: MetadataProblem[] = [];
    const metadata: PolicyMetadata = { node, entries: [], problems };
    if (node.localName !== 'hostdevs') {
      problems.push({
        offset: node.start,
        message: `unexpected <${clip(node.tagName)}>: the element of this namespace is <hostdevs>`,
      });
      return metadata;
    }
    readDefault(document, metadata);
    let end = node.openEnd;
    for (const part of node.content) {
      if (typeof part !== 'string') readEntry(document, part, metadata);
      else problems.push(strayText(document, part, end, node));
      if (typeof part !== 'string') end = part.end;
    }
    return metadata;
  });
}

function readDefault(document: XmlDocument, metadata: PolicyMetadata): void {
  for (const attribute of attributesOf(document, metadata.node)) {
    if (attribute.name === 'default') {
      const value = metadata.node.getAttribute('default') ?? '';
      if (value === 'auto' || value === 'native') metadata.default = value;
      else {
        const message = `default="${clip(value)}" is not auto or native`;
        metadata.problems.push({ ...placeOf(attribute), message });
      }
    } else if (!isNamespace(attribute)) metadata.problems.push(unknownAttribute(attribute, metadata.node));
  }
}

/**
 * @param before offset of the end of the previous part; only white space and comments can be between it and the text
 */
function strayText(document: XmlDocument, text: string, before: number, { tagName }: XmlElement): MetadataProblem {
  const message = `text is not allowed in <${clip(tagName)}>: ${JSON.stringify(clip(text.trim()))}`;
  return { offset: endOfMisc(document.text, before), message };
}

function readEntry(document: XmlDocument, node: XmlElement, metadata: PolicyMetadata): void {
  const { problems } = metadata;
  const { start } = node;
  if (node.localName !== 'hostdev' || node.namespaceURI !== NAMESPACE) {
    problems.push({
      offset: start,
      message: `<${clip(node.tagName)}> is not allowed in <${clip(metadata.node.tagName)}>`,
    });
    return;
  }
  const before = problems.length;
  if (node.content.length > 0)
    problems.push({ offset: start, message: 'an entry must be empty: it has only attributes' });
  const identities = readIdentities(document, node, problems);
  const policy = readPolicy(document, node, problems);
  const [identity, another] = identities;
  if (problems.length > before) {
    if (identity && !another) for (const problem of problems.slice(before)) problem.identity = identity;
    return;
  }
  if (!identity || another) {
    const message = another
      ? `an entry must have exactly one identity, this one has ${identities.map(formatIdentity).join(' and ')}`
      : 'an entry needs an identity: address, alias or mac';
    problems.push({ offset: start, message });
  } else if (policy) metadata.entries.push({ node, identity, policy });
}

function readIdentities(document: XmlDocument, node: XmlElement, problems: MetadataProblem[]): Identity[] {
  const found: Identity[] = [];
  for (const attribute of attributesOf(document, node)) {
    const key = KEYS.find((name) => name === attribute.name);
    if (key) {
      const value = node.getAttribute(key) ?? '';
      const identity = parseIdentity(key, value);
      if (identity) found.push(identity);
      else {
        const message = `${key}="${clip(value)}" is not ${FORMS[key]}`;
        problems.push({ ...placeOf(attribute), message, ...shortAddress(key, value) });
      }
    } else if (!isOfPolicy(attribute) && !isNamespace(attribute)) problems.push(unknownAttribute(attribute, node));
  }
  return found;
}

/** lspci prints addresses without the domain. */
function shortAddress(key: IdentityKey, value: string): { hint?: string } {
  const address =
    key === 'address' ? parseAddress(value.includes('.') ? `0000:${value}`.toLowerCase() : '') : undefined;
  return address ? { hint: `address="${address}"` } : {};
}

const FORMS: Record<IdentityKey, string> = {
  address: 'a canonical PCI address such as 0000:06:12.5',
  alias: "a user alias: 'ua-', then letters, digits, '_' and '-'",
  mac: 'a MAC address such as 52:54:00:12:34:56',
};

function readPolicy(document: XmlDocument, node: XmlElement, problems: MetadataProblem[]): Policy | undefined {
  const values = policyTextOf(node);
  const result = parsePolicy(values);
  if (result.ok) return result.policy;
  const ranges = policyRanges(document, node);
  for (const { attribute, code, message, at, suggestion } of result.errors) {
    const range = ranges.get(attribute);
    if (!range) {
      problems.push({ offset: node.start, message: `an entry needs a ${attribute}` });
      continue;
    }
    const hint = suggestion === undefined ? {} : { hint: `${attribute}="${suggestion}"` };
    const { valueStart, valueEnd } = range;
    // false if the value has character references: offsets in the value are then not offsets in the text
    const isExact = valueEnd - valueStart === values[attribute]?.length;
    const offset = valueStart + (isExact ? at : 0);
    problems.push({
      offset,
      end: valueEnd,
      message: `${attribute}${code === 'combination' ? '' : ':'} ${message}`,
      ...hint,
    });
  }
  return undefined;
}

function unknownAttribute({ name, start, end }: AttributeRange, node: XmlElement): MetadataProblem {
  return { offset: start, end, message: `${clip(name)} is not an attribute of <${node.localName}>` };
}

const placeOf = ({ valueStart, valueEnd }: AttributeRange) => ({ offset: valueStart, end: valueEnd });
const isOfPolicy = ({ name }: AttributeRange) => POLICY_ATTRIBUTES.some((one) => one === name);
const isNamespace = ({ name }: AttributeRange) => name === 'xmlns' || name.startsWith('xmlns:');
const clip = (text: string) => text.slice(0, 40);
