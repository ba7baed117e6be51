import type { PciAddress } from '../domain/address.js';
import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { type Cpuset, EMPTY, formatCpuset, isSubset } from '../domain/cpuset.js';
import { FileError, type Files } from '../host/files.js';
import { type Interrupt, readHandlers, readInterrupt } from '../host/interrupt.js';
import { readDriver } from '../host/pci-device.js';
import { isVfioDriver, notVfio, ownership } from './handlers.js';
import { treatmentOf } from './kernel-errors.js';
import { strayed } from './plan.js';
import type { DeviceReport, DomainReport, InterruptReport } from './report.js';
import { vectorKey } from './written.js';

/** How often a write is tried that meets a transient error, and the pause before it is tried again, in milliseconds. */
const TRIES = 3;
const PAUSE = 2;

/** A mask that was written: what stands in the state file. */
export interface Write {
  /** vectorKey() of the interrupt */
  key: string;
  address: PciAddress;
  irq: number;
  type: InterruptReport['type'];
  /** CPU lists */
  before: string;
  cpus: string;
}

export interface Applied {
  /** the plan with what came of it: affinity and effective as they are now */
  report: DomainReport;
  writes: Write[];
}

/** Carries out a plan. One interrupt's failure never stops the next. */
export function apply(files: Files, planned: DomainReport, pause: (milliseconds: number) => void): Applied {
  const writes: Write[] = [];
  const devices = planned.devices.map((device) => ({
    ...device,
    interrupts: device.interrupts.map((interrupt) =>
      interrupt.action === 'set' ? place(files, device, interrupt, writes, pause) : interrupt,
    ),
  }));
  return { report: { ...planned, devices }, writes };
}

function place(
  files: Files,
  device: DeviceReport,
  planned: InterruptReport,
  writes: Write[],
  pause: (milliseconds: number) => void,
): InterruptReport {
  const address = device.address as PciAddress;
  const wanted = parseCpuList(planned.wanted ?? '') ?? EMPTY;
  try {
    const refusal = lookAgain(files, address, planned);
    if (refusal !== undefined) return { ...planned, action: 'skip', reason: refusal };
    write(files, planned.irq, wanted, pause);
    const { irq, type, affinity } = planned;
    const key = vectorKey(address, irq, planned.handlers[0] ?? '');
    writes.push({ key, address, irq, type, before: affinity ?? '', cpus: formatCpuset(wanted) });
    return readBack(planned, wanted, readInterrupt(files, irq));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { action, reason } = treatmentOf(error.code);
    return { ...planned, action, reason, error: error.code };
  }
}

/** Between the plan and the write the device may have gone back to the host, and its numbers to another device. */
function lookAgain(files: Files, address: PciAddress, { irq, handlers }: InterruptReport): string | undefined {
  const driver = readDriver(files, address);
  if (!isVfioDriver(driver)) return notVfio(driver);
  const now = readHandlers(files, irq);
  const owned = ownership(now, address);
  if (!owned.ours) return owned.reason;
  return now[0] === handlers[0] ? undefined : `it is ${now[0]} now`;
}

function write(files: Files, irq: number, wanted: Cpuset, pause: (milliseconds: number) => void): void {
  for (let tries = 1; ; tries++) {
    try {
      files.write(`/proc/irq/${irq}/smp_affinity`, `${formatMask(wanted)}\n`);
      return;
    } catch (error) {
      const again = error instanceof FileError && treatmentOf(error.code).kind === 'transient' && tries < TRIES;
      if (!again) throw error;
      pause(PAUSE);
    }
  }
}

/** What is true counts, not what was asked. */
function readBack(planned: InterruptReport, wanted: Cpuset, now: Interrupt | undefined): InterruptReport {
  if (!now) return { ...planned, action: 'skip', reason: 'it went away' };
  const { affinity, effective } = now;
  const seen = { ...planned, affinity: formatCpuset(affinity), effective: effective ? formatCpuset(effective) : null };
  if (!isSubset(affinity, wanted)) {
    return { ...seen, action: 'fail', reason: `the kernel made it ${formatCpuset(affinity)} all the same` };
  }
  return effective && !isSubset(effective, wanted) ? { ...seen, action: 'fail', reason: strayed(effective) } : seen;
}
