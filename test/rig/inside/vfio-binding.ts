import { readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { driverOf, text } from './kernel-files.js';

const PCI = '/sys/bus/pci';

/** Binds a device to a driver; '': to the one that the kernel chooses. */
export function bindTo(address: string, driver: string): void {
  const device = `${PCI}/devices/${address}`;
  writeFileSync(`${device}/driver_override`, `${driver}\n`);
  if (driverOf(address) !== '') writeFileSync(`${device}/driver/unbind`, address);
  writeFileSync(`${PCI}/drivers_probe`, address);
  if (driver !== '' && driverOf(address) !== driver)
    throw new Error(`${address} has ${driverOf(address)}, not ${driver}`);
}

/** The device nodes that QEMU needs for a device. */
export function vfioNodes(address: string): { path: string; type: 'c'; major: number; minor: number }[] {
  const group = basename(readlinkSync(`${PCI}/devices/${address}/iommu_group`));
  const node = (path: string, number: string) => {
    const [major, minor] = text(number).split(':').map(Number) as [number, number];
    return { path, type: 'c' as const, major, minor };
  };
  return [
    node('/dev/vfio/vfio', '/sys/class/misc/vfio/dev'),
    node(`/dev/vfio/${group}`, `/sys/class/vfio/${group}/dev`),
  ];
}
