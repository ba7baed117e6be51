import type { Posting } from '../../host/posting.js';
import { printable } from '../../lib/printable.js';
import { wrap } from '../../lib/text-wrap.js';
import { MIN_WIDTH } from '../../report/text-columns.js';

/** Whether interrupts can be posted to vCPUs, wrapped for a terminal, with line ends; empty if that is unknown. */
export function postingLines({ possible, evidence }: Posting, columns: number): string {
  if (possible === null) return '';
  const text = possible
    ? `interrupts may be posted to running vCPUs, which no count here shows: ${evidence}`
    : `no interrupt is posted to a vCPU: ${evidence}`;
  const lines = wrap(printable(text), Math.max(MIN_WIDTH, columns), 0, 2);
  return lines.map((line) => `${line}\n`).join('');
}
