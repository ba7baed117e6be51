import { type Cpuset, formatCpuset, intersect } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import type { Device } from '../domain/devices.js';
import { formatIdentity } from '../domain/identity.js';
import type { Entry } from '../domain/metadata.js';
import type { FileError } from '../host/pseudo-fs.js';
import type { DeviceSnapshot } from '../host/snapshot.js';
import type { Topology } from '../host/topology.js';
import type { DeviceReport, Problem } from './report.js';

/** Policies that never reach a device. The rules' names are lint's, where it has the same rule. */
export function problemsOfMetadata({ metadata }: Definition, stale: readonly Entry[]): Problem[] {
  const problems: Problem[] = (metadata[0]?.problems ?? []).map(({ identity, message }) => ({
    rule: 'metadata-syntax',
    severity: 'error',
    message: identity ? `the entry for ${formatIdentity(identity)}: ${message}` : message,
  }));
  for (const { identity } of stale) {
    const message = `an entry for ${formatIdentity(identity)}, which is no device of the domain`;
    problems.push({ rule: 'entry-stale', severity: 'warning', message });
  }
  return problems;
}

export function problemsOfAttribute({ attribute }: Device): Problem[] {
  if (!attribute || attribute.policy.ok) return [];
  return [{ rule: 'cpuset-syntax', severity: 'error', message: `cpuset ${attribute.policy.error.message}` }];
}

export function absence({ source, element }: Device, snapshot: DeviceSnapshot | undefined): Problem[] {
  if (snapshot) return [];
  if (!source?.address) {
    const message = element === 'interface' ? 'its device is chosen when the domain starts' : 'it names no device';
    return [{ rule: 'no-device-yet', severity: 'note', message }];
  }
  return [{ rule: 'device-absent', severity: 'error', message: `the host has no device ${source.address}` }];
}

const UNREADABLE = 'device-unreadable';

export function unreadableDevice({ path, code }: FileError): Problem {
  return { rule: UNREADABLE, severity: 'error', message: `${path} cannot be read: ${code}` };
}

/** Of such a device nothing is known: not that it has no interrupts, either. */
export function isUnreadable({ problems }: Pick<DeviceReport, 'problems'>): boolean {
  return problems.some(({ rule }) => rule === UNREADABLE);
}

/** Every interrupt of a device on another node than its CPUs crosses the interconnect. */
export function remoteness(snapshot: DeviceSnapshot | undefined, cpus: Cpuset | undefined, host: Topology): Problem[] {
  const node = snapshot?.device.numaNode;
  if (node === undefined || !cpus) return [];
  const nodes = host.nodes.filter((candidate) => intersect(candidate.cpus, cpus).length > 0);
  if (nodes.length === 0 || nodes.some((candidate) => candidate.node === node)) return [];
  const list = formatCpuset(nodes.map((remote) => ({ first: remote.node, last: remote.node })));
  const message = `the device is on node ${node}, its CPUs are on node ${list}`;
  return [{ rule: 'remote-node', severity: 'warning', message }];
}
