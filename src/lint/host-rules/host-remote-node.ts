import { type Cpuset, formatCpuset, intersect } from '../../domain/cpuset.js';
import type { Topology } from '../../host/topology.js';
import { type HostRule, placedDevices } from './host-rule.js';

export const hostRemoteNode: HostRule = {
  name: 'host-remote-node',
  severity: 'warning',
  summary: 'a device is on another node than the CPUs that its interrupts go to',
  check(definition, host, report) {
    const { topology } = host.snapshot;
    for (const { device, policy, cpus, host: found, place } of placedDevices(definition, host)) {
      const node = found?.device.numaNode;
      if (node === undefined || !cpus) continue;
      const near = topology.nodes.find((candidate) => candidate.node === node)?.cpus ?? [];
      const usable = intersect(cpus, topology.online);
      if (usable.length === 0 || intersect(usable, near).length > 0) continue;
      const whose = policy.kind === 'auto' ? 'the vCPUs are' : 'the cpuset is';
      const message = `${device.source?.address} is on node ${node}, ${whose} on node ${nodesOf(usable, topology)}`;
      const hint = near.length > 0 ? `CPUs of node ${node}: ${formatCpuset(near)}` : undefined;
      report({ ...place, message, ...(hint ? { hint } : {}) });
    }
  },
};

function nodesOf(cpus: Cpuset, { nodes }: Topology): string {
  const numbers = nodes.filter((node) => intersect(node.cpus, cpus).length > 0).map(({ node }) => node);
  return numbers.join(' and ') || 'none';
}
