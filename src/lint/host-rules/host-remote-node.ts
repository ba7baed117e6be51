import { type Cpuset, formatCpuset, intersect } from '../../domain/cpuset.js';
import type { Topology } from '../../host/topology.js';
import { devicesWithPolicy, type HostRule } from './context.js';
import { formatCpus } from './format.js';

export const hostRemoteNode: HostRule = {
  name: 'host-remote-node',
  severity: 'warning',
  summary: 'a device is on another NUMA node than all CPUs of its policy',
  check(definition, host, report) {
    const { topology } = host.snapshot;
    for (const { policy, usable, host: found, place } of devicesWithPolicy(definition, host)) {
      const node = found?.device.numaNode;
      const near = topology.nodes.find((candidate) => candidate.node === node)?.cpus ?? [];
      // not if the node has only memory
      if (!found || usable.length === 0 || near.length === 0 || intersect(usable, near).length > 0) continue;
      const reason = policy.kind === 'auto' ? ' with the vCPUs' : '';
      const message = `${found.device.address} is on node ${node}, but its interrupts go${reason} to ${formatNodes(usable, topology)} (${formatCpus(usable)})`;
      const better = host.allowedCpus ? intersect(near, host.allowedCpus) : near;
      const hint = better.length > 0 ? { hint: `CPUs of node ${node}: ${formatCpuset(better)}` } : {};
      report({ ...place, message, ...hint });
    }
  },
};

function formatNodes(cpus: Cpuset, { nodes }: Topology): string {
  const numbers = nodes.filter((node) => intersect(node.cpus, cpus).length > 0).map(({ node }) => node);
  return `node${numbers.length > 1 ? 's' : ''} ${numbers.join(' and ')}`;
}
