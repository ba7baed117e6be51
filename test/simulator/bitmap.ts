import { formatMask, parseCpuList, parseMask } from '../../src/domain/cpu-mask.js';
import { type Cpuset, EMPTY, formatCpuset } from '../../src/domain/cpuset.js';

/**
 * Prints and parses masks as a kernel with `width` possible CPUs does (kernel: lib/bitmap.c, bitmap-str.c, vsprintf.c).
 */
export class BitmapFormat {
  /** printed masks by CPU list: a host has many interrupts, but few masks */
  readonly #texts = new Map<string, string>();

  constructor(readonly width: number) {}

  /** As many digits as the width needs, in groups of 8, the short group first. */
  print(set: Cpuset): string {
    const list = formatCpuset(set);
    let text = this.#texts.get(list);
    if (text === undefined) {
      const groups = formatMask(set).split(',');
      const missing = Math.ceil(this.width / 32) - groups.length;
      const digits = Math.ceil(this.width / 4) % 8 || 8;
      text = `${'00000000,'.repeat(missing)}${groups.join(',')}`.slice(8 - digits);
      this.#texts.set(list, text);
    }
    return text;
  }

  /** Parses a write to smp_affinity: groups may be short, and only the first line counts. */
  parse(text: string): Cpuset | 'EINVAL' | 'EOVERFLOW' {
    const groups = (text.split('\n', 1)[0] as string).split(/[,\s]+/).filter(Boolean);
    if (groups.some((group) => !/^[0-9a-f]+$/i.test(group))) return 'EINVAL';
    if (groups.length > Math.ceil(this.width / 32) || groups.some((group) => group.length > 8)) return 'EOVERFLOW';
    const set = groups.length === 0 ? EMPTY : parseMask(groups.map((group) => group.padStart(8, '0')).join(','));
    if (!set) return 'EINVAL';
    return this.#fits(set) ? set : 'EOVERFLOW';
  }

  /** Parses a write to smp_affinity_list. */
  parseList(text: string): Cpuset | 'EINVAL' | 'ERANGE' {
    const set = parseCpuList(text);
    if (!set) return 'EINVAL';
    return this.#fits(set) ? set : 'ERANGE';
  }

  #fits(set: Cpuset): boolean {
    return (set.at(-1)?.last ?? 0) < this.width;
  }
}
