import type { PciAddress } from '../domain/address.js';
import type { Files } from './files.js';

export type InterruptType = 'msix' | 'msi' | 'intx';

/** A PCI device as sysfs shows it now. Numbers are never kept: after a reset they may be another device's. */
export interface PciDevice {
  address: PciAddress;
  /** name of the driver that it is bound to; undefined where none */
  driver: string | undefined;
  /** undefined where the firmware says nothing (-1) */
  numaNode: number | undefined;
  /** in ascending order; vectors without a handler are among them */
  irqs: { irq: number; type: InterruptType }[];
}

/** Undefined where the host has no such device. Source: the kernel's Documentation/ABI/testing/sysfs-bus-pci. */
export function readPciDevice(files: Files, address: PciAddress): PciDevice | undefined {
  const folder = `/sys/bus/pci/devices/${address}`;
  const names = files.list(folder);
  if (!names) return undefined;
  const node = Number(files.read(`${folder}/numa_node`) ?? -1);
  return {
    address,
    driver: readDriver(files, address),
    numaNode: Number.isInteger(node) && node >= 0 ? node : undefined,
    irqs: names.includes('msi_irqs') ? messageIrqs(files, folder) : lineIrq(files, folder),
  };
}

/** Name of the driver that a device is bound to; undefined where none, or where there is no such device. */
export function readDriver(files: Files, address: PciAddress): string | undefined {
  return files.link(`/sys/bus/pci/devices/${address}/driver`);
}

/** msi_irqs is there only while MSI or MSI-X is on; the file of a vector says which. */
function messageIrqs(files: Files, folder: string): PciDevice['irqs'] {
  const irqs: PciDevice['irqs'] = [];
  for (const name of files.list(`${folder}/msi_irqs`) ?? []) {
    if (!/^\d{1,10}$/.test(name)) continue;
    const mode = files.read(`${folder}/msi_irqs/${name}`)?.trim();
    if (mode === 'msix' || mode === 'msi') irqs.push({ irq: Number(name), type: mode });
  }
  return irqs.length > 0 ? irqs.sort((a, b) => a.irq - b.irq) : lineIrq(files, folder);
}

/** The legacy line; 0 is no interrupt. Under MSI the same file names the first MSI. */
function lineIrq(files: Files, folder: string): PciDevice['irqs'] {
  const text = files.read(`${folder}/irq`)?.trim() ?? '';
  return /^[1-9]\d{0,9}$/.test(text) ? [{ irq: Number(text), type: 'intx' }] : [];
}
