import { invisibleIn, withoutInvisible } from '../lib/invisible.js';
import { type CpuRange, type Cpuset, formatCpuset, MAX_CPU, union } from './cpuset.js';

/** Why a text is not a cpuset; `at` is the offset of the invalid item in it. */
export interface CpusetError {
  code: 'syntax' | 'reversed' | 'too-high' | 'empty';
  message: string;
  at: number;
  /** a valid value, if it is clear what was meant */
  suggestion?: string;
}

export type CpusetResult = { ok: true; set: Cpuset } | { ok: false; error: CpusetError };

/** In characters. A list of every second CPU, written with `^`, is shorter. */
const MAX_LENGTH = 65536;
/** One CPU or range; four digits are always below MAX_CPU. */
const ONE_RANGE = /^(\d{1,4})(?:-(\d{1,4}))?$/;
const ITEM = /^(?:(\d+)(?:-(\d+))?|\^(\d+))$/;

/** The unit of the numbers, for messages. */
type Unit = 'CPU' | 'vCPU';

/**
 * Parses libvirt's cpuset: `N`, `N-M` and `^N`, applied left to right (`0-3,^2` is 0-1,3; `^2,0-3` is 0-3). Accepts a
 * text if both the pattern of libvirt's schema (basictypes.rng, cpuset) and its parser (virBitmapParse) accept it.
 * @param unit unit of the numbers, for messages
 */
export function parseCpuset(text: string, unit: Unit = 'CPU'): CpusetResult {
  // fast path: most cpusets are a single range
  const simple = ONE_RANGE.exec(text);
  if (simple) {
    const first = Number(simple[1]);
    const last = Number(simple[2] ?? first);
    if (first <= last) return { ok: true, set: [{ first, last }] };
  }
  const found = scan(text, unit);
  if (Array.isArray(found)) return { ok: true, set: found };
  const suggestion = suggest(text);
  return { ok: false, error: suggestion === undefined ? found : { ...found, suggestion } };
}

function scan(text: string, unit: Unit): CpuRange[] | CpusetError {
  if (text.trim() === '') return { code: 'empty', message: `contains no ${unit}`, at: 0 };
  if (text.length > MAX_LENGTH) return { code: 'syntax', message: `is longer than ${MAX_LENGTH} characters`, at: 0 };
  const items: { value: 0 | 1; first: number; last: number }[] = [];
  let highest = 0;
  let hasExclusion = false;
  let at = 0;
  for (const item of text.split(',')) {
    const match = ITEM.exec(item);
    if (!match) return { code: 'syntax', message: describe(item, unit), at };
    const from = (match[1] ?? match[3]) as string;
    const first = Number(from);
    const last = Number(match[2] ?? first);
    if (last > MAX_CPU || first > MAX_CPU) {
      const high = first > MAX_CPU ? from : (match[2] as string);
      return { code: 'too-high', message: `${unit} ${clip(high)} is above ${MAX_CPU}, libvirt's maximum`, at };
    }
    if (last < first) return { code: 'reversed', message: `the range ${item} is reversed`, at };
    const value = match[3] === undefined ? 1 : 0;
    items.push({ value, first, last });
    if (value === 0) hasExclusion = true;
    highest = Math.max(highest, last);
    at += item.length + 1;
  }
  if (!hasExclusion) return union(items);
  const chosen = new Uint8Array(highest + 1);
  for (const { value, first, last } of items) chosen.fill(value, first, last + 1);
  const set = ranges(chosen);
  return set.length > 0 ? set : { code: 'empty', message: `contains no ${unit}: all are excluded`, at: 0 };
}

function ranges(chosen: Uint8Array): CpuRange[] {
  const found: CpuRange[] = [];
  for (let first = chosen.indexOf(1); first >= 0; ) {
    const end = chosen.indexOf(0, first);
    const last = (end < 0 ? chosen.length : end) - 1;
    found.push({ first, last });
    first = end < 0 ? -1 : chosen.indexOf(1, end);
  }
  return found;
}

function describe(item: string, unit: Unit): string {
  if (item === '') return 'contains an empty item';
  if (/^\^\d+-\d+$/.test(item)) return `${clip(item)}: only single ${unit}s can be excluded, not a range`;
  if (/\s/.test(item) || invisibleIn(item)) return `contains ${invisibleIn(item) ?? 'a space'}`;
  return `${JSON.stringify(clip(item))} is not a ${unit}, a range N-M or ^N`;
}

const clip = (text: string) => (text.length > 24 ? `${text.slice(0, 24)}…` : text);

/** Corrects spaces, separators of other tools, reversed ranges and excluded ranges. */
function suggest(text: string): string | undefined {
  if (text.length > 200) return undefined;
  const tidy = withoutInvisible(text)
    .replace(/\s*(\.\.|–|—|-|:)\s*/g, '-')
    .replace(/\^\s+/g, '^')
    .replace(/!(?=\d)/g, '^')
    .trim()
    .replace(/[\s;,]+/g, ',')
    .replace(/^,|,$/g, '')
    .replace(/(\^?)(\d+)-(\d+)/g, (_, exclude: string, a: string, b: string) => {
      const [low, high] = [Math.min(Number(a), Number(b)), Math.max(Number(a), Number(b))];
      if (!exclude) return `${low}-${high}`;
      if (high - low > 64) return 'x';
      return Array.from({ length: high - low + 1 }, (__, i) => `^${low + i}`).join(',');
    });
  const set = scan(tidy, 'CPU');
  return Array.isArray(set) ? formatCpuset(set) : undefined;
}
