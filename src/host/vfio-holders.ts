import type { PciAddress } from '../domain/address.js';
import type { QemuProcess } from './qemu-process.js';

/** The processes that seem to have a device open that another one seems to have open, too. */
export function rivals(qemus: readonly QemuProcess[]): QemuProcess[] {
  const counts = new Map<PciAddress, number>();
  for (const address of qemus.flatMap(({ devices }) => devices)) counts.set(address, (counts.get(address) ?? 0) + 1);
  return qemus.filter(({ devices }) => devices.some((address) => (counts.get(address) ?? 0) > 1));
}

/**
 * Each device belongs to one process: to the domain of libvirt, else to the one that started first. Its children have
 * the same files open, any number of them, and are no guests.
 */
export function withOwnDevices(qemus: readonly QemuProcess[]): QemuProcess[] {
  const taken = new Set<PciAddress>();
  const rank = ({ isOfLibvirt, id }: QemuProcess) => [isOfLibvirt ? 0 : 1, id.startTime, id.pid] as const;
  const inOrder = [...qemus].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
  const found = new Map<QemuProcess, QemuProcess>();
  for (const qemu of inOrder) {
    const devices = qemu.devices.filter((address) => !taken.has(address));
    for (const address of devices) taken.add(address);
    if (devices.length === qemu.devices.length) found.set(qemu, qemu);
    else if (devices.length > 0) found.set(qemu, { ...qemu, devices });
  }
  return qemus.flatMap((qemu) => found.get(qemu) ?? []);
}
