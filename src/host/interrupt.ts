import { parseMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import { FileError, type OpenFile, type PseudoFs, type WritableFile } from './pseudo-fs.js';

/** The kernel's state of an IRQ. */
export interface Interrupt {
  irq: number;
  /** names of its handlers */
  handlers: string[];
  /** smp_affinity */
  affinity: Cpuset;
  /** effective_affinity; undefined if the kernel has no such file, or the interrupt is not delivered yet */
  effective: Cpuset | undefined;
}

/**
 * Undefined if /proc/irq does not have the number, as for a vector without a handler.
 * @param mask its open smp_affinity: the result is then undefined also if another interrupt has the number now
 * @throws FileError; EBADMSG if a file does not contain a mask
 */
export function readInterrupt(files: PseudoFs, irq: number, mask?: OpenFile): Interrupt | undefined {
  const affinity = readMask(mask ?? { read: () => files.read(affinityPath(irq)) }, files.root + affinityPath(irq));
  if (!affinity) return undefined;
  const delivered = `/proc/irq/${irq}/effective_affinity`;
  const effective = readMask({ read: () => files.read(delivered) }, files.root + delivered);
  return {
    irq,
    handlers: readHandlers(files, irq),
    affinity,
    effective: effective && effective.length > 0 ? effective : undefined,
  };
}

/** Opens smp_affinity for writing. Never throws: if the file is absent, the write fails with ENOENT. */
export function openMask(files: PseudoFs, irq: number): WritableFile {
  return files.openToWrite(affinityPath(irq));
}

const affinityPath = (irq: number) => `/proc/irq/${irq}/smp_affinity`;

/**
 * The names of the handlers: /sys/kernel/irq/N/actions, comma-separated, empty without a handler. If that file is
 * absent, the directories in /proc/irq/N (kernel: kernel/irq/irqdesc.c, proc.c). A name with a comma counts as two,
 * neither of which is a VFIO name.
 */
export function readHandlers(files: PseudoFs, irq: number): string[] {
  const actions = files.read(`/sys/kernel/irq/${irq}/actions`)?.replace(/\n$/, '');
  if (actions !== undefined) return actions === '' ? [] : actions.split(',');
  return (files.list(`/proc/irq/${irq}`) ?? []).filter((name) => !PROC_IRQ_FILES.has(name));
}

const PROC_IRQ_FILES = new Set([
  'affinity_hint',
  'effective_affinity',
  'effective_affinity_list',
  'node',
  'smp_affinity',
  'smp_affinity_list',
  'spurious',
]);

const MAX_CACHED_MASKS = 4096;
/** Parsed masks by their text: on a large host thousands of interrupts have the same few masks. */
const sets = new Map<string, Cpuset>();

function readMask(file: Pick<OpenFile, 'read'>, path: string): Cpuset | undefined {
  const text = file.read();
  if (text === undefined) return undefined;
  const set = parseMaskOnce(text);
  if (!set) throw new FileError('EBADMSG', path);
  return set;
}

/** parseMask() with a cache: the same text gives the same object. */
export function parseMaskOnce(text: string): Cpuset | undefined {
  const known = sets.get(text);
  if (known) return known;
  const set = parseMask(text);
  if (set) {
    if (sets.size >= MAX_CACHED_MASKS) sets.clear();
    sets.set(text, set);
  }
  return set;
}
