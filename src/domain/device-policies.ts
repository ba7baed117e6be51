import { memoizeLast } from '../lib/memoize-last.js';
import { type AttributeRange, attributeOf } from '../xml/attributes.js';
import type { XmlDocument } from '../xml/document.js';
import { type AddressShift, findAddressShifts } from './address-shift.js';
import type { Definition } from './definition.js';
import { type Device, identitiesOf } from './devices.js';
import { formatIdentity } from './identity.js';
import type { Entry } from './metadata.js';
import { formatAttributes, type Policy, type PolicyAttribute } from './policy.js';

/** A device and its policy in the definition. */
export interface DevicePolicy {
  device: Device;
  /** from the attributes, otherwise from the entry; undefined if none is stated, or if it is invalid */
  policy?: Policy | undefined;
  /** true: the stated policy is invalid; no default replaces it */
  invalid?: true | undefined;
  entry?: Entry | undefined;
  /** its address, or that of another device, seems to have changed: its policy may be missing or another device's */
  shift?: AddressShift;
}

export interface DevicePolicies {
  /** every hostdev and interface, in document order */
  devices: DevicePolicy[];
  /** entries that match no device of the definition */
  stale: Entry[];
  /** entries for a device that already has an earlier entry */
  repeated: Entry[];
}

/** Combines attributes and metadata entries. The attribute takes precedence. The last definition stays in memory. */
export const devicePolicies = memoizeLast(combinePolicies);

/** The same, without keeping the definition. */
export function combinePolicies({ devices, metadata }: Definition): DevicePolicies {
  const [first] = metadata;
  if (!first) {
    return { devices: devices.map((device) => policyOf(device, undefined, false)), stale: [], repeated: [] };
  }
  const byIdentity = new Map<string, Device>();
  for (const device of [...devices].reverse()) {
    for (const identity of identitiesOf(device)) byIdentity.set(formatIdentity(identity), device);
  }
  const withInvalidEntry = new Set(
    first.problems.map(({ identity }) => identity && byIdentity.get(formatIdentity(identity))),
  );
  const entries = new Map<Device, Entry>();
  const stale: Entry[] = [];
  const repeated: Entry[] = [];
  for (const entry of first.entries) {
    const device = byIdentity.get(formatIdentity(entry.identity));
    if (!device) stale.push(entry);
    else if (entries.has(device)) repeated.push(entry);
    else entries.set(device, entry);
  }
  const policies = devices.map((device) => policyOf(device, entries.get(device), withInvalidEntry.has(device)));
  for (const [policy, shift] of findAddressShifts(policies, stale)) policy.shift = shift;
  return { devices: policies, stale, repeated };
}

function policyOf(device: Device, entry: Entry | undefined, hasInvalidEntry: boolean): DevicePolicy {
  const attribute = device.attribute?.policy;
  const policy = attribute ? (attribute.ok ? attribute.policy : undefined) : entry?.policy;
  const invalid = !policy && (attribute || hasInvalidEntry) ? true : undefined;
  return { device, policy, invalid, entry };
}

/** Whether a definition states any policy, valid or not: at a device, or in its metadata. */
export function statesPolicy({ devices, metadata }: Definition): boolean {
  const isStated = ({ default: own, entries, problems }: Definition['metadata'][number]) =>
    own !== undefined || entries.length + problems.length > 0;
  return devices.some(({ attribute }) => attribute) || metadata.some(isStated);
}

/** True if the attributes and the entry of a device state different policies. */
export function hasConflict({ device, policy, entry }: DevicePolicy): boolean {
  if (!device.attribute || !policy || !entry) return false;
  return formatAttributes(policy) !== formatAttributes(entry.policy);
}

/** An attribute of the policy that applies: on the device, otherwise in its entry. */
export function attributeOfPolicy(
  document: XmlDocument,
  { device, entry }: DevicePolicy,
  name: PolicyAttribute,
): AttributeRange | undefined {
  if (device.attribute) return device.attribute.ranges.get(name);
  return entry && attributeOf(document, entry.node, name);
}
