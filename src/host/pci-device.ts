import type { PciAddress } from '../domain/address.js';
import type { PseudoFs } from './pseudo-fs.js';

/** unknown: on this kernel only the names of the device's handlers show it. */
export type VfioEvidence = 'yes' | 'no' | 'unknown';

export type InterruptType = 'msix' | 'msi' | 'intx';

/** A PCI device as sysfs shows it now. IRQ numbers are never cached: after a reset another device may have them. */
export interface PciDevice {
  address: PciAddress;
  /** name of its driver; undefined: no driver is bound */
  driver: string | undefined;
  /** whether the driver is a VFIO driver: see vfioEvidence() */
  vfio: VfioEvidence;
  /** undefined if the firmware reports none (-1) */
  numaNode: number | undefined;
  /** in ascending order, including vectors without a handler */
  irqs: { irq: number; type: InterruptType }[];
}

/** Undefined if the host has no such device. Source: the kernel's Documentation/ABI/testing/sysfs-bus-pci. */
export function readPciDevice(files: PseudoFs, address: PciAddress): PciDevice | undefined {
  const folder = `/sys/bus/pci/devices/${address}`;
  const messages = messageIrqs(files, folder);
  // read last: while MSI is enabled the file names the first MSI, and a driver may disable MSI at any time
  const line = files.read(`${folder}/irq`);
  if (line === undefined) return undefined;
  const node = files.read(`${folder}/numa_node`)?.trim() ?? '';
  const driver = readDriver(files, address);
  return {
    address,
    driver,
    vfio: vfioEvidence(files, address, driver),
    numaNode: /^\d{1,9}$/.test(node) ? Number(node) : undefined,
    irqs: messages.length > 0 ? messages : lineIrq(line.trim()),
  };
}

/** Name of the device's driver; undefined if it has no driver or does not exist. */
export function readDriver(files: PseudoFs, address: PciAddress): string | undefined {
  return files.link(`/sys/bus/pci/devices/${address}/driver`);
}

/**
 * msi_irqs is absent or empty while neither MSI nor MSI-X is enabled. Only one of them can be enabled, so one file
 * shows the type.
 */
function messageIrqs(files: PseudoFs, folder: string): PciDevice['irqs'] {
  const names = (files.list(`${folder}/msi_irqs`) ?? []).filter((name) => /^\d{1,10}$/.test(name));
  let type: InterruptType | undefined;
  for (const name of names) {
    const mode = files.read(`${folder}/msi_irqs/${name}`)?.trim();
    if (mode === 'msix' || mode === 'msi') type = mode;
    if (type) break; // not always the first: it may have gone
  }
  if (!type) return [];
  const irqs = names.map(Number).sort((a, b) => a - b);
  return irqs.map((irq) => ({ irq, type }));
}

/**
 * The legacy line. 0 and the kernel's IRQ_NOTCONNECTED (2^31) mean no line. While MSI is enabled, the same file names
 * the first MSI.
 */
function lineIrq(text: string): PciDevice['irqs'] {
  const irq = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  return irq > 0 && irq < 2 ** 31 ? [{ irq, type: 'intx' }] : [];
}

/**
 * Whether the driver of a device is a VFIO driver. Most have vfio in their names (vfio-pci, mlx5_vfio_pci,
 * vfio-pci-igb), but a vendor's driver may not (nvidia). Since 6.1 each device of a VFIO driver has a directory
 * vfio-dev (kernel: drivers/vfio/vfio_main.c, class vfio-dev). The names of the handlers are checked in any case.
 */
export function vfioEvidence(files: PseudoFs, address: PciAddress, driver: string | undefined): VfioEvidence {
  if (driver === undefined) return 'no';
  if (/(^|[-_])vfio([-_]|$)/.test(driver)) return 'yes';
  if (files.list(`/sys/bus/pci/devices/${address}/vfio-dev`)) return 'yes';
  return files.list('/sys/class/vfio-dev') ? 'no' : 'unknown';
}
