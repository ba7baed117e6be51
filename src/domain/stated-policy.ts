import { type AttributeRange, attributeOf } from '../xml/attributes.js';
import type { XmlDocument } from '../xml/document.js';
import type { XmlAttribute, XmlElement } from '../xml/element.js';
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

/** Undefined if the element has none of the attributes. */
export function readStatedPolicy(document: XmlDocument, node: XmlElement): StatedPolicy | undefined {
  if (!hasPolicy(node)) return undefined;
  const { values, ranges } = policyTextOf(document, node);
  const [first] = ranges.values();
  const range = ranges.get('cpuset') ?? (first as AttributeRange);
  return { value: values.cpuset ?? '', range, values, ranges, policy: parseOnce(values) };
}

/** Policies that were already parsed: thousands of devices, in many documents, have a few. */
const parsed = new Map<string, PolicyResult>();
/** Limits of the cache: entries, and characters of a policy. */
const MOST_PARSED = 1000;
const LONGEST_PARSED = 200;

function parseOnce(values: PolicyText): PolicyResult {
  // no value contains a NUL
  const key = POLICY_ATTRIBUTES.map((name) => (values[name] === undefined ? '' : `=${values[name]}`)).join('\0');
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const policy = parsePolicy(values);
  if (parsed.size < MOST_PARSED && key.length <= LONGEST_PARSED) parsed.set(key, policy);
  return policy;
}

function hasPolicy({ attributes }: XmlElement): boolean {
  for (let index = 0; index < attributes.length; index++) {
    if (policyAttributeNamed((attributes[index] as XmlAttribute).name) !== undefined) return true;
  }
  return false;
}

const policyAttributeNamed = (name: string) => POLICY_ATTRIBUTES.find((one) => one === name);

/** The attributes of a policy in a tag: of a device, or of an entry. */
export function policyTextOf(document: XmlDocument, node: XmlElement): Pick<StatedPolicy, 'values' | 'ranges'> {
  const values: PolicyText = {};
  const ranges = new Map<PolicyAttribute, AttributeRange>();
  for (const attribute of node.attributes) {
    const name = policyAttributeNamed(attribute.name);
    const range = name && attributeOf(document, node, name);
    if (!name || !range) continue;
    values[name] = attribute.value;
    ranges.set(name, range);
  }
  return { values, ranges };
}
