import { type Permission, permissionOf, type Scope } from '../affinity/scopes.js';
import type { PciAddress } from '../domain/address.js';
import type { FoundProblem, PlainDefinition, PlainDevice } from '../domain/plain-definition.js';
import { processUuid } from '../host/process-id.js';
import { formatOwner } from '../host/process-owner.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { printableStart } from '../lib/printable.js';
import type { LiveXml } from './live-xml.js';

/** Limit of reported problems of each kind, since a guest can write any number of errors into its XML. */
const MAX_PROBLEMS = 10;
const MAX_NAME_LENGTH = 120;
/** One thread per core: then APIC IDs equal vCPU numbers. */
const NO_TOPOLOGY = { dies: 1, cores: 1, threads: 1 };

/**
 * Makes the definition of a guest that was found as a process. Its devices are those that the process has open; other
 * devices in its XML are ignored. Its policies are followed as far as a scope permits.
 */
export function foundGuest(
  qemu: QemuProcess,
  xml: LiveXml | undefined,
  scopes: readonly Scope[] | undefined,
): PlainDefinition {
  const problems: FoundProblem[] = [];
  let stated: PlainDefinition | undefined;
  if (xml) {
    const { definition, path } = xml;
    if ('reason' in definition) problems.push({ rule: 'guest-xml-unreadable', path, reason: definition.reason });
    else stated = definition;
  }
  const name = qemu.name ?? xml?.name;
  const permission: Permission = qemu.isOfLibvirt ? { kind: 'all' } : permissionOf(qemu.owner, scopes);
  const owner = formatOwner(qemu.owner);
  const permitted = stated && permit(stated, permission, owner, problems);
  if (stated) problems.push(...notOpen(stated, qemu.devices));
  return {
    name: labelOf(qemu, name),
    uuid: processUuid(qemu.id),
    hasId: true,
    hasMetadata: permitted?.hasMetadata ?? false,
    default: permitted?.default,
    devices: qemu.devices.map((address) => deviceOf(address, permitted)),
    metadataProblems: permitted?.metadataProblems.slice(0, MAX_PROBLEMS) ?? [],
    stale: permitted?.stale.slice(0, MAX_PROBLEMS) ?? [],
    // the affinities of QEMU's threads are used instead, which the guest cannot forge
    vcpuPinning: (permission.kind === 'all' && stated?.vcpuPinning) || { cpus: undefined, vcpus: [] },
    cpuTopology: (permission.kind === 'all' && stated?.cpuTopology) || NO_TOPOLOGY,
    ...(permission.kind === 'all' && stated?.flavor !== undefined ? { flavor: stated.flavor } : {}),
    found: {
      pid: qemu.id.pid,
      owner,
      statedName: name,
      statedUuid: qemu.uuid ?? stated?.uuid,
      isNamedByHost: permission.kind === 'all',
      limit: permission.kind === 'scope' ? permission.cpus : undefined,
      problems,
    },
  };
}

/**
 * A guest may claim the name of a domain of libvirt, or of another owner's guest. So its label includes its owner.
 */
function labelOf({ id, owner, isOfLibvirt }: QemuProcess, name: string | undefined): string {
  const own = name === undefined ? `QEMU ${id.pid}` : printableStart(name, MAX_NAME_LENGTH);
  return isOfLibvirt ? own : `${own} (${formatOwner(owner)})`;
}

/** The part of the guest's own definition that its permission allows. Reports what is ignored. */
function permit(
  stated: PlainDefinition,
  permission: Permission,
  owner: string,
  problems: FoundProblem[],
): PlainDefinition | undefined {
  if (permission.kind === 'all') return stated;
  if (permission.kind === 'none') {
    if (statesAnything(stated)) problems.push({ rule: 'policy-not-allowed', owner, because: 'no-scope' });
    return undefined;
  }
  if (permission.cpus) return stated;
  const isNamed = ({ policy }: PlainDevice) => policy?.kind === 'cpuset';
  if (!stated.devices.some(isNamed)) return stated;
  problems.push({ rule: 'policy-not-allowed', owner, because: 'no-cpus' });
  // invalid, so that no default replaces the policy that was stated
  const withoutCpus = (device: PlainDevice): PlainDevice =>
    isNamed(device) ? { ...device, policy: undefined, isInvalid: true } : device;
  return { ...stated, devices: stated.devices.map(withoutCpus) };
}

function statesAnything({ hasMetadata, default: own, devices }: PlainDefinition): boolean {
  return hasMetadata || own !== undefined || devices.some(({ policy, isInvalid }) => policy || isInvalid);
}

function deviceOf(address: PciAddress, stated: PlainDefinition | undefined): PlainDevice {
  const named = stated?.devices.find((device) => device.address === address);
  if (named) return named;
  return {
    element: 'hostdev',
    address,
    alias: undefined,
    policy: undefined,
    isInvalid: false,
    attributeErrors: [],
    shift: undefined,
  };
}

/** Devices with a policy that its QEMU does not have open. */
function notOpen({ devices }: PlainDefinition, open: readonly PciAddress[]): FoundProblem[] {
  const named = devices.flatMap(({ address, policy }) => (address && policy && !open.includes(address) ? address : []));
  return [...new Set(named)].slice(0, MAX_PROBLEMS).map((address) => ({ rule: 'device-not-open', address }));
}
