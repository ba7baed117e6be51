import type { PciAddress } from '../domain/address.js';
import type { PseudoFs } from './pseudo-fs.js';

/** A device's legacy line (INTx), as it was when its affinity was written. */
export interface LegacyLine {
  irq: number;
  address: PciAddress;
  /** readInput() at that time; absent: the kernel did not report it */
  input?: string;
}

/** Why an IRQ number is no longer certain to be the device's legacy line. */
export type LineChange =
  | { code: 'no-device'; address: PciAddress }
  /** the device's irq file names another number */
  | { code: 'other-irq'; address: PciAddress; named: string }
  | { code: 'message-chip'; chip: string }
  | { code: 'message-owner'; device: string }
  | { code: 'not-level'; trigger: string }
  | { code: 'other-input'; now: string | undefined; before: string }
  | { code: 'disabled'; address: PciAddress };

/**
 * The interrupt controller's input behind an IRQ number, such as `IO-APIC 17`. When the last device of a line is
 * disabled, the kernel frees the number and may give it to another input or to an MSI. The input of a line is wired on
 * the board. Undefined if the kernel does not report it. Source: kernel/irq/irqdesc.c (chip_name, hwirq).
 */
export function readInput(files: PseudoFs, irq: number): string | undefined {
  const chip = files.read(`/sys/kernel/irq/${irq}/chip_name`)?.trim();
  const number = files.read(`/sys/kernel/irq/${irq}/hwirq`)?.trim();
  return chip && number ? `${chip} ${number}` : undefined;
}

/**
 * Checks that a number is still the device's legacy line. The device's `irq` file does not prove that: it keeps the
 * number of a line that was freed (kernel: drivers/acpi/pci_irq.c, acpi_pci_irq_disable), and names the first vector
 * while MSI is enabled.
 * @param handlers the present handlers of the number
 * @returns undefined: it is the line
 * @throws FileError
 */
export function lineChange(
  files: PseudoFs,
  { irq, address, input }: LegacyLine,
  handlers: readonly string[],
): LineChange | undefined {
  const folder = `/sys/bus/pci/devices/${address}`;
  const named = files.read(`${folder}/irq`)?.trim();
  if (named === undefined) return { code: 'no-device', address };
  if (named !== `${irq}`) return { code: 'other-irq', address, named };
  const message = messageInterrupt(files, irq);
  if (message) return message;
  const now = readInput(files, irq);
  if (input !== undefined && now !== input) return { code: 'other-input', now, before: input };
  // a disabled device has no handler, and its number may be outdated
  const isDisabled = files.read(`${folder}/enable`)?.trim() === '0';
  return isDisabled && (input === undefined || handlers.length > 0) ? { code: 'disabled', address } : undefined;
}

/**
 * Detects an MSI: it is never level-triggered, whereas a legacy PCI line always is. The kernel has files with the type
 * of an existing IRQ. If they are absent, as in an incomplete directory tree below a root, the devices' msi_irqs
 * decide.
 */
function messageInterrupt(files: PseudoFs, irq: number): LineChange | undefined {
  const chip = files.read(`/sys/kernel/irq/${irq}/chip_name`)?.trim() ?? '';
  if (/MSI/i.test(chip)) return { code: 'message-chip', chip };
  const trigger = files.read(`/sys/kernel/irq/${irq}/type`)?.trim();
  if (trigger !== undefined && trigger !== 'level') return { code: 'not-level', trigger };
  const devices = '/sys/bus/pci/devices';
  const owner = files.list(devices)?.find((device) => files.read(`${devices}/${device}/msi_irqs/${irq}`) !== undefined);
  return owner === undefined ? undefined : { code: 'message-owner', device: owner };
}
