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
  return hasPolicy(node) ? new PolicyInTag(document, node, parseOnce(policyTextOf(node))) : undefined;
}

/** Thousands of devices have a policy, and its places are needed only for messages and edits. */
class PolicyInTag implements StatedPolicy {
  constructor(
    private readonly document: XmlDocument,
    private readonly node: XmlElement,
    private readonly parsed: ParsedPolicy,
  ) {}

  get value(): string {
    return this.values.cpuset ?? '';
  }

  get values(): PolicyText {
    return this.parsed.values;
  }

  get policy(): PolicyResult {
    return this.parsed.policy;
  }

  get range(): AttributeRange {
    const { ranges } = this;
    const [first] = ranges.values();
    return ranges.get('cpuset') ?? (first as AttributeRange);
  }

  get ranges(): ReadonlyMap<PolicyAttribute, AttributeRange> {
    return policyRanges(this.document, this.node);
  }
}

interface ParsedPolicy {
  values: PolicyText;
  policy: PolicyResult;
}

/** Policies that were already parsed: thousands of devices, in many documents, have a few. */
const parsedPolicies = new Map<string, ParsedPolicy>();
/** Limits of the cache: entries, and characters of a policy. */
const MOST_PARSED = 1000;
const LONGEST_PARSED = 200;

function parseOnce(values: PolicyText): ParsedPolicy {
  // no value contains a NUL
  const key = POLICY_ATTRIBUTES.map((name) => (values[name] === undefined ? '' : `=${values[name]}`)).join('\0');
  const known = parsedPolicies.get(key);
  if (known !== undefined) return known;
  const parsed = { values, policy: parsePolicy(values) };
  if (parsedPolicies.size < MOST_PARSED && key.length <= LONGEST_PARSED) parsedPolicies.set(key, parsed);
  return parsed;
}

function hasPolicy({ attributes }: XmlElement): boolean {
  for (let index = 0; index < attributes.length; index++) {
    if (policyAttributeNamed((attributes[index] as XmlAttribute).name) !== undefined) return true;
  }
  return false;
}

const policyAttributeNamed = (name: string) => POLICY_ATTRIBUTES.find((one) => one === name);

/** The attributes of a policy in a tag, of a device or of an entry. */
export function policyTextOf({ attributes }: XmlElement): PolicyText {
  const values: PolicyText = {};
  for (const { name, value } of attributes) {
    const policyAttribute = policyAttributeNamed(name);
    if (policyAttribute) values[policyAttribute] = value;
  }
  return values;
}

/** Their places, in document order. */
export function policyRanges(document: XmlDocument, node: XmlElement): Map<PolicyAttribute, AttributeRange> {
  const ranges = new Map<PolicyAttribute, AttributeRange>();
  for (const attribute of node.attributes) {
    const name = policyAttributeNamed(attribute.name);
    const range = name && attributeOf(document, node, name);
    if (range) ranges.set(name, range);
  }
  return ranges;
}
