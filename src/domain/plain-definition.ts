import type { PciAddress } from './address.js';
import type { AddressShift } from './address-shift.js';
import { type CpuTopology, readCpuTopology } from './apic-id.js';
import { type Cpuset, EMPTY, union } from './cpuset.js';
import type { Definition } from './definition.js';
import { combinePolicies, type DevicePolicy } from './device-policies.js';
import type { Device } from './devices.js';
import type { Identity } from './identity.js';
import type { DefaultPolicy } from './metadata.js';
import { novaFlavor } from './nova.js';
import { isOfCpuset, type Policy, type PolicyAttribute, type PolicyError } from './policy.js';
import type { VcpuPinning } from './vcpu-pinning.js';

/**
 * The part of a definition that placement needs: plain data without references to the document. A watcher keeps one for
 * each running domain, and the elements of a document take ten times the size of its text.
 */
export interface PlainDefinition {
  name: string;
  uuid: string | undefined;
  /** true: the definition has an id, which libvirt gives only to running domains */
  hasId: boolean;
  /** true: it has our metadata element, whatever its content */
  hasMetadata: boolean;
  /** the domain's default */
  default: DefaultPolicy | undefined;
  /** devices that may have host interrupts, in document order */
  devices: PlainDevice[];
  /** invalid parts of our metadata element; `identity`: of the device whose entry is invalid */
  metadataProblems: { message: string; identity: Identity | undefined }[];
  /** identities of the entries that match no device */
  stale: Identity[];
  vcpuPinning: Pick<VcpuPinning, 'cpus' | 'vcpus'>;
  /** of the guest */
  cpuTopology: CpuTopology;
  /** of an instance of OpenStack: as Nova's metadata has it */
  flavor?: string;
  /** of a guest that was found as a process; absent: libvirt of this host, or a file, has defined it */
  found?: FoundGuest;
}

/**
 * What is known of a guest beside its definition that its process shows. `uuid` of the definition identifies the
 * process then, and its devices are those that the process has open.
 */
export interface FoundGuest {
  pid: number;
  /** whose it is */
  owner: string;
  /** by its own account, for reports alone: another guest may have the same */
  statedName: string | undefined;
  statedUuid: string | undefined;
  /** root or libvirt of this host has given it its name */
  isNamedByHost: boolean;
  /** the only CPUs that what it states may lead to; undefined: any */
  limit: Cpuset | undefined;
  problems: FoundProblem[];
}

/** Why what a found guest states is not followed, or not known. */
export type FoundProblem =
  | { rule: 'policy-not-allowed'; owner: string; because: 'no-scope' | 'no-cpus' }
  | { rule: 'guest-xml-unreadable'; path: string; reason: string }
  | { rule: 'device-not-open'; address: PciAddress };

/** A device with its own policy. */
export interface PlainDevice {
  element: Device['element'];
  /** undefined: an interface on a network, whose device is chosen at the start; or the address is invalid */
  address: PciAddress | undefined;
  /** as written */
  alias: string | undefined;
  /** from the attribute, otherwise from the entry; undefined if none is stated, or if it is invalid */
  policy: Policy | undefined;
  /** the policy is not the definition's, but the host's for this guest: see withGuestPolicies() */
  origin?: 'guest-file' | 'guest-rule';
  /** the stated policy is invalid: no default replaces it */
  isInvalid: boolean;
  /** why its attributes are invalid */
  attributeErrors: { attribute: PolicyAttribute; message: string; isOfCpuset: boolean }[];
  shift: AddressShift | undefined;
}

/** The CPUs of policies that spread vectors over single CPUs: their order depends on which of them share a core. */
export function spreadCpus({ devices }: PlainDefinition): Cpuset {
  return union(...devices.map(({ policy }) => (policy?.kind === 'cpuset' && policy.spread ? policy.set : EMPTY)));
}

/** Strings are copied: otherwise V8 keeps the whole text in memory for each part of it. */
export function plainDefinition(definition: Definition): PlainDefinition {
  const { document, name, uuid, metadata, vcpuPinning } = definition;
  const { devices, stale } = combinePolicies(definition);
  const [first] = metadata;
  const flavor = novaFlavor(document);
  return structuredClone({
    name,
    uuid,
    hasId: document.root.hasAttribute('id'),
    hasMetadata: first !== undefined,
    default: first?.default,
    devices: devices.filter(isConcerned).map(plainDevice),
    metadataProblems: first?.problems.map(({ message, identity }) => ({ message, identity })) ?? [],
    stale: stale.map(({ identity }) => identity),
    vcpuPinning: { cpus: vcpuPinning.cpus, vcpus: vcpuPinning.vcpus },
    cpuTopology: readCpuTopology(document),
    ...(flavor === undefined ? {} : { flavor }),
  });
}

/** An interface on a network that states no policy usually has no host device. */
function isConcerned({ device, policy, invalid }: DevicePolicy): boolean {
  return device.placeable && (device.source !== undefined || policy !== undefined || invalid === true);
}

function plainError(error: PolicyError): PlainDevice['attributeErrors'][number] {
  return { attribute: error.attribute, message: error.message, isOfCpuset: isOfCpuset(error) };
}

function plainDevice({ device, policy, invalid, shift }: DevicePolicy): PlainDevice {
  const { element, source, alias, attribute } = device;
  return {
    element,
    address: source?.address,
    alias: alias?.name,
    policy,
    isInvalid: invalid === true,
    attributeErrors: attribute && !attribute.policy.ok ? attribute.policy.errors.map(plainError) : [],
    shift,
  };
}
