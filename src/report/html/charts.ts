import type { InterruptReport } from '../../affinity/report.js';
import { parseCpuList } from '../../domain/cpu-mask.js';
import { type Cpuset, cpusetOf, EMPTY, has, isSubset } from '../../domain/cpuset.js';
import { type Html, html, NOTHING } from './html.js';
import type { ViewModel } from './view-model.js';

/** A share of a whole as a bar. For the eye alone: the number stands beside it. */
export function bar(part: number, whole: number, of = 0): Html {
  const width = whole > 0 ? Math.max(part > 0 ? 1 : 0, (100 * part) / whole) : 0;
  const remote = part > 0 ? (width * of) / part : 0;
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect class="fill" width="${width.toFixed(2)}" height="4"/>${remote > 0 ? html`<rect class="far" width="${remote.toFixed(2)}" height="4"/>` : NOTHING}</svg>`;
}

/**
 * Every CPU of the host in a line, node by node: above what is asked, in the middle where it is delivered, below what is wanted.
 * For the eye alone: the lists stand beside it.
 */
export function strip({ affinity, effective, wanted }: InterruptReport, { order, nodes }: ViewModel): Html {
  const [asked, used, goal] = [affinity, effective, wanted].map((list) => parseCpuList(list ?? '') ?? EMPTY) as [
    Cpuset,
    Cpuset,
    Cpuset,
  ];
  const right = goal.length === 0 || isSubset(used, goal);
  const width = order.length;
  // One CPU of hundreds would be thinner than a pixel.
  const least = Math.max(1, width / 64);
  const rects = (set: Cpuset, name: string, y: number, height: number) =>
    positions(set, order).map(({ first, last }) => {
      const size = Math.max(least, last - first + 1);
      return html`<rect class="${name}" x="${Math.min(first, width - size)}" y="${y}" width="${size}" height="${height}"/>`;
    });
  let edge = 0;
  const edges = nodes.slice(0, -1).map(({ cpus }) => {
    edge += cpus.length;
    return html`<rect class="edge" x="${edge - width / 400}" y="0" width="${width / 200}" height="12"/>`;
  });
  return html`<svg class="strip" viewBox="0 0 ${width} 12" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="${width}" y="1" height="10"/>${rects(asked, 'asked', 1, 10)}${rects(goal, 'wanted', 9.5, 2.5)}${edges}${rects(used, right ? 'used' : 'used astray', 0, 12)}</svg>`;
}

/** Ranges of places in the order, which CPUs of one node are next to each other in, whatever their numbers. */
function positions(set: Cpuset, order: readonly number[]): Cpuset {
  return cpusetOf(order.flatMap((cpu, place) => (has(set, cpu) ? [place] : [])));
}
