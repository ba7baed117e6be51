import type { PciAddress } from '../domain/address.js';
import type { PseudoFs } from './pseudo-fs.js';

/** A device's legacy line (INTx), as it was when it was moved. */
export interface LegacyLine {
  irq: number;
  address: PciAddress;
  /** readInput() of that moment; absent where the kernel did not say */
  input?: string;
}

/**
 * The interrupt controller's input that a number stands for, such as `IO-APIC 17`. The number of a line is freed when its last device is
 * disabled, and may then be given to another input or to a message interrupt; the input is part of the board.
 * Undefined where the kernel does not say. Source: kernel/irq/irqdesc.c (chip_name, hwirq).
 */
export function readInput(files: PseudoFs, irq: number): string | undefined {
  const chip = files.read(`/sys/kernel/irq/${irq}/chip_name`)?.trim();
  const number = files.read(`/sys/kernel/irq/${irq}/hwirq`)?.trim();
  return chip && number ? `${chip} ${number}` : undefined;
}

/**
 * Why a number cannot be taken for the device's legacy line any more; undefined where it can.
 * The device's `irq` file alone does not show that: it keeps the number of a line that was freed (kernel: drivers/acpi/pci_irq.c,
 * acpi_pci_irq_disable), and names the first vector while MSI is on.
 * @param handlers of the number, as they are now
 * @throws FileError
 */
export function lineObjection(
  files: PseudoFs,
  { irq, address, input }: LegacyLine,
  handlers: readonly string[],
): string | undefined {
  const folder = `/sys/bus/pci/devices/${address}`;
  const named = files.read(`${folder}/irq`)?.trim();
  if (named === undefined) return `the host has no device ${address}`;
  if (named !== `${irq}`) return `the irq file of ${address} says ${named}`;
  const other = messageObjection(files, irq);
  if (other !== undefined) return other;
  const now = readInput(files, irq);
  if (input !== undefined && now !== input) return `it is input ${now ?? 'unknown'} now, and was ${input}`;
  // a device that is not enabled has no handler, and its number may be outdated
  const isDisabled = files.read(`${folder}/enable`)?.trim() === '0';
  if (isDisabled && (input === undefined || handlers.length > 0)) return `${address} is disabled, and may have lost it`;
  return undefined;
}

/**
 * What shows that a number is no legacy PCI line: those are level-triggered, message interrupts never. A number that exists has these files;
 * without them, as in an incomplete tree below a root, the devices' lists of message interrupts decide.
 */
function messageObjection(files: PseudoFs, irq: number): string | undefined {
  const chip = files.read(`/sys/kernel/irq/${irq}/chip_name`)?.trim() ?? '';
  if (/MSI/i.test(chip)) return `it is a message interrupt now (${chip})`;
  const type = files.read(`/sys/kernel/irq/${irq}/type`)?.trim();
  if (type !== undefined && type !== 'level') return `it is ${type}-triggered, which no legacy PCI line is`;
  const devices = '/sys/bus/pci/devices';
  const owner = files.list(devices)?.find((device) => files.read(`${devices}/${device}/msi_irqs/${irq}`) !== undefined);
  return owner === undefined ? undefined : `it is a message interrupt of ${owner} now`;
}
