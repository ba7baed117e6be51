import { type Cpuset, formatCpuset, intersect, size, subtract } from '../../domain/cpuset.js';
import type { Topology } from '../../host/topology.js';

/** `CPU 3`, `CPUs 3-4` */
export function inWords(set: Cpuset): string {
  return `CPU${size(set) === 1 ? '' : 's'} ${formatCpuset(set)}`;
}

/** `CPU 3 is`, `CPUs 3-4 are` */
export function areInWords(set: Cpuset): string {
  return `${inWords(set)} ${size(set) === 1 ? 'is' : 'are'}`;
}

/** What keeps the CPUs of a set from being used on a host: `this host has no CPU 40`, `CPU 3 is offline`. */
export function absentInWords(set: Cpuset, { present, online }: Topology): string[] {
  const absent = subtract(set, present);
  const offline = subtract(intersect(set, present), online);
  return [
    ...(absent.length > 0 ? [`this host has no ${inWords(absent)}`] : []),
    ...(offline.length > 0 ? [`${areInWords(offline)} offline`] : []),
  ];
}
