import type { PciAddress } from '../../src/domain/address.js';
import { type InterruptType, isVfioDriver } from '../../src/host/pci-device.js';

export interface SimulatedDevice {
  address: PciAddress;
  driver: string | undefined;
  numaNode: number | undefined;
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

/**
 * Names as VFIO's (kernel: drivers/vfio/pci/vfio_pci_intrs.c); most other drivers number theirs. None without a driver.
 */
export function handlersOf(
  { address, driver }: Pick<SimulatedDevice, 'address' | 'driver'>,
  type: InterruptType,
  vector = 0,
): string[] {
  if (driver === undefined) return [];
  if (!isVfioDriver(driver)) return [type === 'intx' ? driver : `${driver}-${vector}`];
  return [type === 'intx' ? `vfio-intx(${address})` : `vfio-${type}[${vector}](${address})`];
}
