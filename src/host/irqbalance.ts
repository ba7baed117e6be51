import type { PseudoFs } from './pseudo-fs.js';

/** A running irqbalance, and what its command line tells it to leave alone (irqbalance(1)). */
export interface Irqbalance {
  pid: number;
  /** --banirq, -i */
  bannedIrqs: ReadonlySet<number>;
  /** --banmod, -m: parts of drivers' names */
  bannedModules: readonly string[];
  /** --policyscript, -l: a script or a folder of scripts, which may ban anything */
  policyScript: string | undefined;
}

/** Undefined where none runs, as far as /proc shows. What it was told later, through its socket, does not show there. */
export function readIrqbalance(files: PseudoFs): Irqbalance | undefined {
  for (const pid of files.list('/proc') ?? []) {
    if (!/^[1-9]\d*$/.test(pid) || files.read(`/proc/${pid}/comm`)?.trim() !== 'irqbalance') continue;
    return irqbalanceOf(files, Number(pid));
  }
  return undefined;
}

/** The one with a pid. */
export function irqbalanceOf(files: PseudoFs, pid: number): Irqbalance {
  const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(1);
  const irqs = valuesOf(words, 'banirq', 'i').filter((value) => /^\d{1,9}$/.test(value));
  return {
    pid,
    bannedIrqs: new Set(irqs.map(Number)),
    bannedModules: valuesOf(words, 'banmod', 'm'),
    // the last one counts
    policyScript: valuesOf(words, 'policyscript', 'l').at(-1),
  };
}

/** Values of an option as getopt_long takes them: --name=V, --name V, -nV, -n V, and -fnV behind options without a value. */
function valuesOf(words: readonly string[], name: string, letter: string): string[] {
  const form = new RegExp(`^(?:--${name}(?:=(?<long>.*))?|-[dfjo]*${letter}(?<short>.+)?)$`, 's');
  const values = words.map((word, index) => {
    const match = form.exec(word);
    return match ? (match.groups?.long ?? match.groups?.short ?? words[index + 1] ?? '') : '';
  });
  return values.filter(Boolean);
}

/**
 * Whether it leaves an interrupt alone, as far as its command line says; a policy script is taken to know.
 * `irq` is undefined for an interrupt that does not exist yet.
 */
export function isBanned(
  { bannedIrqs, bannedModules, policyScript }: Irqbalance,
  irq: number | undefined,
  driver: string,
): boolean {
  if (policyScript !== undefined || (irq !== undefined && bannedIrqs.has(irq))) return true;
  return bannedModules.some((part) => driver.includes(part));
}
