import type { Files } from './files.js';

/** A running irqbalance, and what it was told to leave alone (irqbalance(1)). */
export interface Irqbalance {
  pid: number;
  /** --banirq, -i */
  bannedIrqs: ReadonlySet<number>;
  /** --banmod, -m: parts of drivers' names */
  bannedModules: readonly string[];
  /** --policyscript, -l: may ban anything */
  hasPolicyScript: boolean;
}

/** Undefined where none runs, as far as /proc shows. */
export function readIrqbalance(files: Files): Irqbalance | undefined {
  for (const pid of files.list('/proc') ?? []) {
    if (!/^[1-9]\d*$/.test(pid) || files.read(`/proc/${pid}/comm`)?.trim() !== 'irqbalance') continue;
    const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(1);
    const irqs = valuesOf(words, 'banirq', 'i').filter((value) => /^\d{1,9}$/.test(value));
    return {
      pid: Number(pid),
      bannedIrqs: new Set(irqs.map(Number)),
      bannedModules: valuesOf(words, 'banmod', 'm').filter(Boolean),
      hasPolicyScript: valuesOf(words, 'policyscript', 'l').length > 0,
    };
  }
  return undefined;
}

/** Values of an option as getopt_long takes them: --name=V, --name V, -nV, -n V. */
function valuesOf(words: readonly string[], name: string, letter: string): string[] {
  return words.flatMap((word, index) => {
    if (word === `--${name}` || word === `-${letter}`) return words[index + 1] ?? [];
    if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3);
    return word.startsWith(`-${letter}`) && !word.startsWith('--') ? word.slice(2) : [];
  });
}

/** Whether it leaves an interrupt alone, as far as its command line says; a policy script is taken to know. */
export function isBanned(
  { bannedIrqs, bannedModules, hasPolicyScript }: Irqbalance,
  irq: number,
  driver: string,
): boolean {
  return hasPolicyScript || bannedIrqs.has(irq) || bannedModules.some((part) => driver.includes(part));
}
