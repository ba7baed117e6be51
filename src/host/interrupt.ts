import { parseMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import { FileError, type PseudoFs, type WritableFile } from './pseudo-fs.js';

/** An IRQ number as it is now. */
export interface Interrupt {
  irq: number;
  /** names of its handlers */
  handlers: string[];
  /** asked */
  affinity: Cpuset;
  /** used; undefined where the kernel does not say, and where it is not delivered yet */
  effective: Cpuset | undefined;
}

/**
 * Undefined where /proc/irq has no such number: normal for a vector that nobody has requested.
 * @throws FileError; EBADMSG where a mask is none
 */
export function readInterrupt(files: PseudoFs, irq: number): Interrupt | undefined {
  const affinity = readMask(files, maskOf(irq));
  if (!affinity) return undefined;
  const effective = readMask(files, `/proc/irq/${irq}/effective_affinity`);
  return {
    irq,
    handlers: readHandlers(files, irq),
    affinity,
    effective: effective && effective.length > 0 ? effective : undefined,
  };
}

/** Its mask, to be written. Never throws: what is not there cannot be written, and says so then. */
export function openMask(files: PseudoFs, irq: number): WritableFile {
  return files.openToWrite(maskOf(irq));
}

const maskOf = (irq: number) => `/proc/irq/${irq}/smp_affinity`;

/**
 * /sys/kernel/irq/N/actions, comma-separated, empty where there is none; where that is absent, the folders of /proc/irq/N
 * (kernel: kernel/irq/irqdesc.c, proc.c). A comma in a handler's name makes it two, neither of which can be VFIO's alone.
 */
export function readHandlers(files: PseudoFs, irq: number): string[] {
  const actions = files.read(`/sys/kernel/irq/${irq}/actions`)?.replace(/\n$/, '');
  if (actions !== undefined) return actions === '' ? [] : actions.split(',');
  return (files.list(`/proc/irq/${irq}`) ?? []).filter((name) => !KNOWN_FILES.has(name));
}

const KNOWN_FILES = new Set([
  'affinity_hint',
  'effective_affinity',
  'effective_affinity_list',
  'node',
  'smp_affinity',
  'smp_affinity_list',
  'spurious',
]);

/** By the texts of masks: on a large host thousands of interrupts have the same few. */
const sets = new Map<string, Cpuset>();

function readMask(files: PseudoFs, path: string): Cpuset | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  const set = parseMaskOnce(text);
  if (!set) throw new FileError('EBADMSG', path);
  return set;
}

/** As parseMask(); the same text gives the same set again. */
export function parseMaskOnce(text: string): Cpuset | undefined {
  const known = sets.get(text);
  if (known) return known;
  const set = parseMask(text);
  if (set) {
    if (sets.size >= 4096) sets.clear();
    sets.set(text, set);
  }
  return set;
}
