import { MAX_CPU } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import { RealFs } from './real-fs.js';
import { type HostSnapshot, readSnapshot } from './snapshot.js';

export interface ReadHostOptions {
  /** a directory that contains /sys, /proc and /run, to be read instead of the host's own */
  root?: string;
  /** also read the interrupt counts: one more file per interrupt. Default false */
  counts?: boolean;
}

/**
 * Reads from this host what `plan` needs for a domain: CPUs, nodes, the domain's devices and their interrupts, QEMU's
 * threads. Writes nothing, and needs only permission to read /sys and /proc.
 * @throws FileError if the host's CPUs or a process cannot be read; a device that cannot be read is in `unreadable`
 */
export function readHost(definition: Definition, { root, counts = false }: ReadHostOptions = {}): HostSnapshot {
  const { name, uuid, devices } = definition;
  const addresses = new Set(devices.flatMap(({ source }) => source?.address ?? []));
  // of all CPUs: the caller may plan with another definition
  const coresOf = [{ first: 0, last: MAX_CPU }];
  return readSnapshot(new RealFs(root), { name, uuid, addresses, counts, coresOf });
}
