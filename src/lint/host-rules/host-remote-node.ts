import { formatCpuset, intersect } from '../../domain/cpuset.js';
import { remotePart } from '../../domain/locality.js';
import { devicesWithPolicy, type HostRule } from './context.js';
import { formatCpus, formatCpusAre } from './format.js';

export const hostRemoteNode: HostRule = {
  name: 'host-remote-node',
  severity: 'warning',
  summary: 'interrupts of a device would go to another NUMA node than its own, or may',
  check(definition, host, report) {
    const { nodes } = host.snapshot.topology;
    for (const { policy, target, locality, host: found, place } of devicesWithPolicy(definition, host)) {
      const remote = remotePart(target, locality, nodes);
      if (!found || !locality || !remote) continue;
      const { address, numaNode } = found.device;
      const where = formatNodes(remote.nodes);
      const reason = policy.kind === 'auto' ? ' with the vCPUs' : '';
      const message = remote.isAll
        ? `${address} is on node ${numaNode}, but its interrupts go${reason} to ${where} (${formatCpus(target)})`
        : `${address} is on node ${numaNode}, but ${formatCpusAre(remote.cpus)} on ${where}: some interrupts may go there`;
      const near = host.allowedCpus ? intersect(locality.near, host.allowedCpus) : locality.near;
      const hint = near.length > 0 ? { hint: `CPUs of node ${numaNode}: ${formatCpuset(near)}` } : {};
      report({ ...place, message, ...hint });
    }
  },
};

/** `node 1`, `nodes 0, 1 and 3` */
function formatNodes(numbers: readonly number[]): string {
  const others = numbers.slice(0, -1).join(', ');
  return others === '' ? `node ${numbers[0]}` : `nodes ${others} and ${numbers.at(-1)}`;
}
