import type { Definition } from '../domain/definition.js';
import { RealFs } from './real-fs.js';
import { type HostSnapshot, readSnapshot } from './snapshot.js';

export interface ReadHostOptions {
  /** a folder with /sys, /proc and /run in it, in place of the host's own */
  root?: string;
  /** whether interrupts are counted, too: a read of /proc/interrupts, which is long on a large host. Default false */
  counts?: boolean;
}

/**
 * Reads from this host what `plan` needs to know for a domain: CPUs, nodes, the domain's devices and their interrupts, QEMU's threads.
 * Writes nothing, and needs no rights beyond reading /sys and /proc.
 * @throws FileError where the host's CPUs or a process cannot be read; of a device, that is in the answer
 */
export function readHost(definition: Definition, { root, counts = false }: ReadHostOptions = {}): HostSnapshot {
  const { name, uuid, devices } = definition;
  const addresses = new Set(devices.flatMap(({ source }) => source?.address ?? []));
  return readSnapshot(new RealFs(root), { name, uuid, addresses, counts });
}
