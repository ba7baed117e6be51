import type { PseudoFs } from './pseudo-fs.js';

/** A running irqbalance, and the bans on its command line (irqbalance(1)). */
export interface Irqbalance {
  pid: number;
  /** --banirq, -i */
  bannedIrqs: ReadonlySet<number>;
  /** --banmod, -m: parts of driver names */
  bannedModules: readonly string[];
  /** --policyscript, -l: a script, or a directory of scripts, which may ban any interrupt */
  policyScript: string | undefined;
}

/** Undefined if /proc shows no irqbalance. Bans that irqbalance got later, through its socket, are not included. */
export function readIrqbalance(files: PseudoFs): Irqbalance | undefined {
  for (const pid of files.list('/proc') ?? []) {
    if (!/^[1-9]\d*$/.test(pid) || !isIrqbalance(files, Number(pid))) continue;
    return irqbalanceOf(files, Number(pid));
  }
  return undefined;
}

/**
 * Whether the process with this pid is a running irqbalance. Any user can give a process this name, but irqbalance
 * works only as root. Another user's process could block the reader of its command line forever.
 */
export function isIrqbalance(files: PseudoFs, pid: number): boolean {
  if (files.read(`/proc/${pid}/comm`)?.trim() !== 'irqbalance') return false;
  return /^Uid:\t\d+\t0\t/m.test(files.read(`/proc/${pid}/status`) ?? '');
}

export function irqbalanceOf(files: PseudoFs, pid: number): Irqbalance {
  const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(1);
  const irqs = valuesOf(words, 'banirq', 'i').filter((value) => /^\d{1,9}$/.test(value));
  return {
    pid,
    bannedIrqs: new Set(irqs.map(Number)),
    bannedModules: valuesOf(words, 'banmod', 'm'),
    // the last one applies
    policyScript: valuesOf(words, 'policyscript', 'l').at(-1),
  };
}

/**
 * Values of an option as getopt_long accepts them: --name=V, --name V, -nV, -n V, and -fnV after flags without a value.
 */
function valuesOf(words: readonly string[], name: string, letter: string): string[] {
  const form = new RegExp(`^(?:--${name}(?:=(?<long>.*))?|-[dfjo]*${letter}(?<short>.+)?)$`, 's');
  const values = words.map((word, index) => {
    const match = form.exec(word);
    return match ? (match.groups?.long ?? match.groups?.short ?? words[index + 1] ?? '') : '';
  });
  return values.filter(Boolean);
}

/**
 * True if the command line bans the interrupt. A policy script is assumed to ban it.
 * @param irq undefined for an interrupt that does not exist yet
 */
export function isBanned(
  { bannedIrqs, bannedModules, policyScript }: Irqbalance,
  irq: number | undefined,
  driver: string,
): boolean {
  if (policyScript !== undefined || (irq !== undefined && bannedIrqs.has(irq))) return true;
  return bannedModules.some((part) => driver.includes(part));
}
