import type { PciAddress } from '../../src/domain/address.js';
import type { InterruptType } from '../../src/host/pci-device.js';

export interface SimulatedDevice {
  address: PciAddress;
  driver: string | undefined;
  numaNode: number | undefined;
  isVfio: boolean;
  iommuGroup: number | undefined;
  /** IRQ number of its legacy line; outdated if `lineFreed` */
  line: number | undefined;
  /** the interrupt controller's input that its line is wired to */
  lineInput: number | undefined;
  /** it is disabled, and the number of its line may be reused */
  lineFreed: boolean;
  /** its own handlers among those of the line */
  lineHandlers: readonly string[];
  /** IRQ numbers of its message interrupts, while they are enabled */
  vectors: number[];
}

/** Whether VFIO's drivers have it in their names, as most do. */
export function hasVfioName(driver: string | undefined): boolean {
  return driver !== undefined && /(^|[-_])vfio([-_]|$)/.test(driver);
}

/**
 * Names as VFIO's (kernel: drivers/vfio/pci/vfio_pci_intrs.c); most other drivers number theirs. None without a driver.
 */
export function handlersOf(
  { address, driver, isVfio }: Pick<SimulatedDevice, 'address' | 'driver' | 'isVfio'>,
  type: InterruptType,
  vector = 0,
): string[] {
  if (driver === undefined) return [];
  if (!isVfio) return [type === 'intx' ? driver : `${driver}-${vector}`];
  return [type === 'intx' ? `vfio-intx(${address})` : `vfio-${type}[${vector}](${address})`];
}
