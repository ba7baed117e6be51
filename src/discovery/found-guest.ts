import { type Permission, permissionOf, type Scope } from '../affinity/scopes.js';
import type { PciAddress } from '../domain/address.js';
import type { FoundProblem, PlainDefinition, PlainDevice } from '../domain/plain-definition.js';
import { processUuid } from '../host/process-id.js';
import { formatOwner } from '../host/process-owner.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { printableStart } from '../lib/printable.js';
import type { LiveXml } from './live-xml.js';

/** Of the problems of one kind that a guest's own XML leads to, so many are reported. */
const MAX_PROBLEMS = 10;
const MAX_NAME_LENGTH = 120;
/** One thread a core: APIC IDs are vCPU numbers. */
const NO_TOPOLOGY = { dies: 1, cores: 1, threads: 1 };

/**
 * The definition of a guest that was found as a process. Its devices are those that the process has open; what its XML
 * says of others is ignored. What it states counts as far as a scope permits.
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
  const permission: Permission = qemu.isOfLibvirt ? { kind: 'all' } : permissionOf(qemu.owner, scopes);
  const owner = formatOwner(qemu.owner);
  const permitted = stated && permit(stated, permission, owner, problems);
  if (stated) problems.push(...notOpen(stated, qemu.devices));
  return {
    name: labelOf(qemu),
    uuid: processUuid(qemu.id),
    hasId: true,
    hasMetadata: permitted?.hasMetadata ?? false,
    default: permitted?.default,
    devices: qemu.devices.map((address) => deviceOf(address, permitted)),
    metadataProblems: permitted?.metadataProblems.slice(0, MAX_PROBLEMS) ?? [],
    stale: permitted?.stale.slice(0, MAX_PROBLEMS) ?? [],
    // QEMU's threads tell where the vCPUs are; the guest could state anything
    vcpuPinning: (permission.kind === 'all' && stated?.vcpuPinning) || { cpus: undefined, vcpus: [] },
    cpuTopology: (permission.kind === 'all' && stated?.cpuTopology) || NO_TOPOLOGY,
    ...(permission.kind === 'all' && stated?.flavor !== undefined ? { flavor: stated.flavor } : {}),
    found: {
      pid: qemu.id.pid,
      owner,
      statedName: qemu.name,
      statedUuid: qemu.uuid,
      isNamedByHost: permission.kind === 'all',
      limit: permission.kind === 'scope' ? permission.cpus : undefined,
      problems,
    },
  };
}

/**
 * Names it apart from the guests of all other owners: a domain of libvirt has a name of its own, which another guest
 * may claim.
 */
function labelOf({ name, owner, isOfLibvirt }: QemuProcess): string {
  const own = name === undefined ? 'QEMU' : printableStart(name, MAX_NAME_LENGTH);
  return isOfLibvirt ? own : `${own} (${formatOwner(owner)})`;
}

/** What the guest states, as far as it is followed. */
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
  // left alone: no default takes the place of what was stated
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

/** Devices that it has a policy for, and that its QEMU does not have open. */
function notOpen({ devices }: PlainDefinition, open: readonly PciAddress[]): FoundProblem[] {
  const named = devices.flatMap(({ address, policy }) => (address && policy && !open.includes(address) ? address : []));
  return [...new Set(named)].slice(0, MAX_PROBLEMS).map((address) => ({ rule: 'device-not-open', address }));
}
