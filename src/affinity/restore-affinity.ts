import { parseCpuList } from '../domain/cpu-mask.js';
import { EMPTY, equal, isSubset } from '../domain/cpuset.js';
import { openMask, readHandlers, readInterrupt } from '../host/interrupt.js';
import type { LineChange } from '../host/legacy-line.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { NotSeen } from './reason.js';
import { writeAffinity } from './write-affinity.js';

/** An interrupt that was moved: CPU lists of the mask that it had, and of ours. */
export interface MovedInterrupt {
  irq: number;
  before: string;
  cpus: string;
  /** another mask that may be ours: MovedLine of domain-state.ts */
  next?: string;
}

/** Why an interrupt that may have our mask still is not restored: report/release-text.ts has the texts. */
export type KeptReason =
  | LineChange
  | Extract<NotSeen, { code: 'qemu-hidden' }>
  | { code: 'handlers-changing' }
  /** the state is of an older version, which did not save the device of a line */
  | { code: 'device-unknown' }
  | { code: 'file-error'; error: FileError };

/**
 * nothing: our mask does not stand there any more, it has the old one, or the interrupt is another guest's; kept: it is
 * not written, with the reason.
 */
export type RestoreResult = { outcome: 'restored' } | { outcome: 'nothing' } | { outcome: 'kept'; reason: KeptReason };

/** The host's driver, which gets the device back, may request or release the line at this moment. */
const MAX_LOOKS = 3;

const NOTHING: RestoreResult = { outcome: 'nothing' };

/**
 * Restores the mask that an interrupt had, if ours still stands there, or what the kernel has shrunk it to.
 * @param objection why it must not be written, by its handlers as they are now; not-ours: it is another guest's, whose
 *   policy decides; undefined: it may be written. May throw FileError: then it is not written
 */
export function restoreAffinity(
  files: PseudoFs,
  { irq, before, cpus, next }: MovedInterrupt,
  objection: (handlers: readonly string[]) => KeptReason | 'not-ours' | undefined,
): RestoreResult {
  const ours = [cpus, next].map((list) => parseCpuList(list ?? '') ?? EMPTY);
  const had = parseCpuList(before);
  if (!had || had.length === 0) return NOTHING;
  const verify = (): RestoreResult | undefined => {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const now = readInterrupt(files, irq);
      if (!now || !ours.some((set) => isSubset(now.affinity, set)) || equal(now.affinity, had)) return NOTHING;
      const reason = objection(now.handlers);
      if (reason === 'not-ours') return NOTHING;
      if (reason) return { outcome: 'kept', reason };
      // nothing stands between this and the write
      if (readHandlers(files, irq).join() === now.handlers.join()) return undefined;
    }
    return { outcome: 'kept', reason: { code: 'handlers-changing' } };
  };
  const mask = openMask(files, irq);
  try {
    const result = writeAffinity(mask, had, verify);
    if (result.outcome === 'written') return { outcome: 'restored' };
    return result.outcome === 'refused' ? result.reason : failed(result.error);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return failed(error);
  } finally {
    mask.close();
  }
}

function failed(error: FileError): RestoreResult {
  return error.code === 'ENOENT' ? NOTHING : { outcome: 'kept', reason: { code: 'file-error', error } };
}
