import { parseCpuList } from '../domain/cpu-mask.js';
import { EMPTY, equal, isSubset } from '../domain/cpuset.js';
import { openMask, readHandlers, readInterrupt } from '../host/interrupt.js';
import type { LineChange } from '../host/legacy-line.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { NotSeen } from './reason.js';
import { writeAffinity } from './write-affinity.js';

/** A moved interrupt: CPU lists of its mask before our first write, and of our last. */
export interface MovedInterrupt {
  irq: number;
  before: string;
  cpus: string;
  /** another mask that may be ours: MovedLine of domain-state.ts */
  next?: string;
}

/** Why an interrupt that may still have our mask is not restored: report/release-text.ts has the texts. */
export type KeptReason =
  | LineChange
  | Extract<NotSeen, { code: 'qemu-hidden' }>
  | { code: 'handlers-changing' }
  /** the state is of an older version, which did not save the device of a line */
  | { code: 'device-unknown' }
  | { code: 'file-error'; error: FileError };

/** nothing: it no longer has our mask, or another guest has it; kept: it was not written, with the reason. */
export type RestoreResult = { outcome: 'restored' } | { outcome: 'nothing' } | { outcome: 'kept'; reason: KeptReason };

/** The host's driver, which gets the device back, may request or release the line at this moment. */
const MAX_LOOKS = 3;

const NOTHING: RestoreResult = { outcome: 'nothing' };

/**
 * Restores the original mask of an interrupt, if its present mask is ours, or a part of ours after the kernel narrowed
 * it.
 * @param objection given the present handlers, returns why it must not be written; not-ours: another guest has it,
 *   whose policy decides; undefined: it may be written. May throw FileError: it is not written then
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
