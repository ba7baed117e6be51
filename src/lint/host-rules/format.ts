import { type Cpuset, formatCpuset, intersect, size, subtract } from '../../domain/cpuset.js';
import type { Topology } from '../../host/topology.js';

/** `CPU 3`, `CPUs 3-4` */
export function formatCpus(set: Cpuset): string {
  return `CPU${size(set) === 1 ? '' : 's'} ${formatCpuset(set)}`;
}

/** `CPU 3 is`, `CPUs 3-4 are` */
export function formatCpusAre(set: Cpuset): string {
  return `${formatCpus(set)} ${size(set) === 1 ? 'is' : 'are'}`;
}

/** The CPUs of a set that a host cannot use: `this host has no CPU 40`, `CPU 3 is offline`. */
export function formatUnusable(set: Cpuset, { present, online }: Topology): string[] {
  const absent = subtract(set, present);
  const offline = subtract(intersect(set, present), online);
  return [
    ...(absent.length > 0 ? [`this host has no ${formatCpus(absent)}`] : []),
    ...(offline.length > 0 ? [`${formatCpusAre(offline)} offline`] : []),
  ];
}
