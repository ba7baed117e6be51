import { parseMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { Files } from './files.js';

/** An IRQ number as it is now. */
export interface Interrupt {
  irq: number;
  /** names of its handlers */
  handlers: string[];
  /** asked */
  affinity: Cpuset;
  /** used; undefined where the kernel does not say */
  effective: Cpuset | undefined;
}

/** Undefined where /proc/irq has no such number: normal for a vector without a handler. */
export function readInterrupt(files: Files, irq: number): Interrupt | undefined {
  const affinity = readMask(files, `/proc/irq/${irq}/smp_affinity`);
  if (!affinity) return undefined;
  return {
    irq,
    handlers: readHandlers(files, irq),
    affinity,
    effective: readMask(files, `/proc/irq/${irq}/effective_affinity`),
  };
}

/** /sys/kernel/irq/N/actions, comma-separated; where that is absent, the folders of /proc/irq/N (kernel: kernel/irq/irqdesc.c, proc.c). */
export function readHandlers(files: Files, irq: number): string[] {
  const actions = files.read(`/sys/kernel/irq/${irq}/actions`);
  if (actions !== undefined) return actions.trim() === '' ? [] : actions.trim().split(',');
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

function readMask(files: Files, path: string): Cpuset | undefined {
  const text = files.read(path);
  return text === undefined ? undefined : parseMask(text);
}
