import type { Definition } from '../../domain/definition.js';
import { devicePolicies } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import { findDevices, findStaleEntry, namesOf } from '../../domain/find-device.js';
import type { Identity } from '../../domain/identity.js';
import { formatAttributes, isOfCpuset, type Policy, type PolicyText, parsePolicy } from '../../domain/policy.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { padEnd, textWidth } from '../../lib/text-width.js';
import { Virsh } from '../../libvirt/virsh.js';
import { setPolicy } from '../../transform/set-policy.js';
import {
  findDomain,
  type MetadataChange,
  type NamedDomain,
  passesLint,
  readDefinitionOf,
  SCOPE_TEXT,
  type ScopeOptions,
  scopesOf,
  subjectOf,
  writeMetadata,
} from '../edit/domain-metadata.js';
import { RUNNING_NOTE } from '../edit/virsh-define.js';
import { EXIT, type Io } from '../io.js';

export interface SetOptions extends ScopeOptions {
  /** name, ID or UUID */
  domain: string;
  /** address, alias or MAC; undefined: list the devices */
  device: string | undefined;
  /** undefined removes the device's entry */
  policy: PolicyText | undefined;
  connect?: string | undefined;
}

/**
 * `hostdev-cpuset set` and `unset`: change the policy of one device in a domain's metadata, without defining the domain
 * again.
 * @returns the exit status: 1 if lint finds an error in the result
 * @throws ToolError for an invalid policy, an unknown domain or device, and failures of virsh
 */
export function setCommand({ device: name, policy: text, connect, ...options }: SetOptions, io: Io): number {
  const policy = text === undefined ? undefined : policyOf(text);
  const virsh = new Virsh({ uri: connect, env: io.env });
  const domain = findDomain(options.domain, virsh);
  const scopes = scopesOf(options, domain);
  if (name === undefined) {
    for (const scope of scopes) io.stdout.write(deviceList(readDefinitionOf(domain, scope, virsh)));
    return EXIT.ok;
  }
  const changes = scopes.map((scope): MetadataChange => {
    const definition = readDefinitionOf(domain, scope, virsh);
    const stale = policy ? undefined : findStaleEntry(definition, name);
    const identity = stale ?? identityOf(definition, deviceOf(definition, name, subjectOf(scope, domain)));
    return { scope, definition, after: setPolicy(definition, identity, policy) };
  });
  const pass = changes.map((change) => passesLint(change, io));
  if (pass.includes(false)) return EXIT.findings;
  for (const change of changes)
    io.stdout.write(`${outcome(domain, name, policy, change, writeMetadata(domain, change, virsh))}\n`);
  if (domain.isRunning && !scopes.includes('live')) io.stdout.write(`${RUNNING_NOTE}\n`);
  return EXIT.ok;
}

function policyOf(text: PolicyText): Policy {
  const result = parsePolicy(text);
  if (result.ok) return result.policy;
  const { error } = result;
  const message = error.message.replace('spread="yes"', '--spread');
  const isSentence = error.code === 'value' || (isOfCpuset(error) && error.code !== 'empty');
  throw new ToolError(`${OPTIONS[error.attribute]}${isSentence ? ':' : ''} ${message}`);
}

/** As they are typed. */
const OPTIONS = { cpuset: 'CPUSET', vcpus: '--vcpus', spread: '--spread', controlVectors: '--control-vectors' };

function deviceOf(definition: Definition, name: string, where: string): Device {
  const found = findDevices(definition, name);
  // with teaming, a virtio interface has the MAC of the virtual function
  const [device, ...more] = found.filter(({ placeable }) => placeable);
  if (found[0] && !device) throw new ToolError(`${found[0].label} has no host interrupts of its own`);
  if (!device) {
    const known = definition.devices.filter(({ placeable }) => placeable).map((one) => namesOf(one).join(' or '));
    const list = known.filter(Boolean).join(', ') || 'none with host interrupts';
    throw new ToolError(`${where} has no device ${printable(name)}; its devices: ${list}`);
  }
  if (more.length > 0)
    throw new ToolError(`${where} has ${more.length + 1} devices ${printable(name)}: ${remedyFor([device, ...more])}`);
  return device;
}

function remedyFor(devices: readonly Device[]): string {
  const others = devices.flatMap(({ alias, source }) => alias?.name ?? source?.address ?? []);
  if (others.length === devices.length) return `choose ${others.map(printable).join(' or ')}`;
  return "give each an <alias name='ua-NAME'/> with hostdev-cpuset edit";
}

/** The identity in the device's entry, otherwise one for a new entry. */
function identityOf(definition: Definition, device: Device): Identity {
  const { entry } = devicePolicies(definition).devices.find((one) => one.device === device) ?? {};
  const identity = entry?.identity ?? device.identity;
  if (!identity) throw new ToolError(`${device.label} has no alias, address or MAC to identify it by`);
  return identity;
}

function outcome(
  domain: NamedDomain,
  device: string,
  policy: Policy | undefined,
  { scope }: MetadataChange,
  isWritten: boolean,
): string {
  const start = `Domain '${printable(domain.name)}': device ${printable(device)}`;
  const where = `in ${SCOPE_TEXT[scope]}`;
  if (!policy)
    return isWritten
      ? `${start}: policy removed from ${SCOPE_TEXT[scope]}`
      : `${start} has no policy of its own ${where}`;
  const attributes = formatAttributes(policy);
  return isWritten ? `${start} set to ${attributes} ${where}` : `${start} already has ${attributes} ${where}`;
}

/** One line for each device that can have a policy: its name, its type, its own policy. */
function deviceList(definition: Definition): string {
  const rows = devicePolicies(definition).devices.flatMap(({ device, policy }) => {
    const [name] = namesOf(device);
    if (!device.placeable || name === undefined) return [];
    return [[printable(name), device.element, policy ? formatAttributes(policy) : '-']];
  });
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => textWidth(row[column] ?? ''))));
  const pad = (text: string, column: number) => padEnd(text, widths[column] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ')}\n`).join('');
}
