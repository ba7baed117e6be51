import type { PciAddress } from '../../src/domain/address.js';
import { type InterruptType, isVfioDriver } from '../../src/host/pci-device.js';

export interface SimulatedDevice {
  address: PciAddress;
  driver: string | undefined;
  numaNode: number | undefined;
  /** number of its legacy line; outdated where `lineFreed` */
  line: number | undefined;
  /** the controller's input that its line is wired to */
  lineInput: number | undefined;
  /** it is disabled, and the number of its line may be anything's */
  lineFreed: boolean;
  /** what of the line's handlers is this device's */
  lineHandlers: readonly string[];
  /** its message interrupts, while they are on */
  vectors: number[];
}

/** As VFIO names them (kernel: drivers/vfio/pci/vfio_pci_intrs.c); other drivers mostly number theirs. None without a driver. */
export function handlersOf(
  { address, driver }: Pick<SimulatedDevice, 'address' | 'driver'>,
  type: InterruptType,
  vector = 0,
): string[] {
  if (driver === undefined) return [];
  if (!isVfioDriver(driver)) return [type === 'intx' ? driver : `${driver}-${vector}`];
  return [type === 'intx' ? `vfio-intx(${address})` : `vfio-${type}[${vector}](${address})`];
}
