import { type AttributeRange, attributesOf } from '../xml/attributes.js';
import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { POLICY_ATTRIBUTES, type PolicyAttribute, type PolicyResult, type PolicyText, parsePolicy } from './policy.js';

/** A policy in attributes. */
export interface StatedPolicy {
  /** value of cpuset; '' if it is missing */
  value: string;
  /** place of cpuset; if that is missing, of the first of the others */
  range: AttributeRange;
  /** values of all attributes, references resolved */
  values: PolicyText;
  /** places of all attributes, in document order */
  ranges: ReadonlyMap<PolicyAttribute, AttributeRange>;
  policy: PolicyResult;
}

/** Undefined if the element has none of the attributes. @param parsed policies that were already parsed */
export function readStatedPolicy(
  document: XmlDocument,
  node: XmlElement,
  parsed: Map<string, PolicyResult>,
): StatedPolicy | undefined {
  const { values, ranges } = policyTextOf(document, node);
  const [first] = ranges.values();
  const range = ranges.get('cpuset') ?? first;
  if (!range) return undefined;
  // no value contains a NUL
  const key = POLICY_ATTRIBUTES.map((name) => (values[name] === undefined ? '' : `=${values[name]}`)).join('\0');
  const policy = parsed.get(key) ?? parsePolicy(values);
  parsed.set(key, policy);
  return { value: values.cpuset ?? '', range, values, ranges, policy };
}

/** The attributes of a policy in a tag: of a device, or of an entry. */
export function policyTextOf(document: XmlDocument, node: XmlElement): Pick<StatedPolicy, 'values' | 'ranges'> {
  const values: PolicyText = {};
  const ranges = new Map<PolicyAttribute, AttributeRange>();
  if (!POLICY_ATTRIBUTES.some((name) => node.hasAttribute(name))) return { values, ranges };
  for (const range of attributesOf(document, node)) {
    const name = POLICY_ATTRIBUTES.find((one) => one === range.name);
    if (!name) continue;
    values[name] = node.getAttribute(name) ?? '';
    ranges.set(name, range);
  }
  return { values, ranges };
}
