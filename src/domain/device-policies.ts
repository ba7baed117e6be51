import { memoizeLast } from '../lib/memoize-last.js';
import type { Definition } from './definition.js';
import { type Device, identitiesOf } from './devices.js';
import { formatIdentity } from './identity.js';
import type { Entry } from './metadata.js';
import { formatPolicy, type Policy } from './policy.js';

/** A device and what the definition states for it. */
export interface DevicePolicy {
  device: Device;
  /** from the attribute, else from the entry; undefined where nothing is stated, or not legibly */
  policy?: Policy;
  /** what is stated cannot be read: no default takes its place */
  illegible?: true;
  entry?: Entry;
}

export interface DevicePolicies {
  /** every hostdev and interface, in document order */
  devices: DevicePolicy[];
  /** entries for devices that are not in the definition */
  stale: Entry[];
  /** entries for a device that an earlier entry speaks of already */
  repeated: Entry[];
}

/** Brings attributes and metadata together: the attribute wins. */
export const devicePolicies = memoizeLast(readStatedPolicies);

function readStatedPolicies({ devices, metadata }: Definition): DevicePolicies {
  const [ours] = metadata;
  if (!ours) return { devices: devices.map((device) => stated(device, undefined, false)), stale: [], repeated: [] };
  const known = new Map<string, Device>();
  for (const device of [...devices].reverse()) {
    for (const identity of identitiesOf(device)) known.set(formatIdentity(identity), device);
  }
  const spoilt = new Set(ours.problems.map(({ identity }) => identity && known.get(formatIdentity(identity))));
  const chosen = new Map<Device, Entry>();
  const stale: Entry[] = [];
  const repeated: Entry[] = [];
  for (const entry of ours.entries) {
    const device = known.get(formatIdentity(entry.identity));
    if (!device) stale.push(entry);
    else if (chosen.has(device)) repeated.push(entry);
    else chosen.set(device, entry);
  }
  return {
    devices: devices.map((device) => stated(device, chosen.get(device), spoilt.has(device))),
    stale,
    repeated,
  };
}

function stated(device: Device, entry: Entry | undefined, spoilt: boolean): DevicePolicy {
  const result: DevicePolicy = { device };
  if (entry) result.entry = entry;
  const attribute = device.attribute?.policy;
  const policy = attribute ? (attribute.ok ? attribute.policy : undefined) : entry?.policy;
  if (policy) result.policy = policy;
  else if (attribute || spoilt) result.illegible = true;
  return result;
}

/** Whether attribute and entry of a device say different things. */
export function disagree({ device, policy, entry }: DevicePolicy): boolean {
  if (!device.attribute || !policy || !entry) return false;
  return formatPolicy(policy) !== formatPolicy(entry.policy);
}
