import type { InterruptPlan } from '../../affinity/domain-plan.js';
import { type Cpuset, cpusetOf, EMPTY, has, isSubset } from '../../domain/cpuset.js';
import { type Html, html, NOTHING } from './html.js';
import type { ViewModel } from './view-model.js';

/** A count against the highest one, as a bar, with the remote part of it. Decorative: the number is beside it. */
export function bar(count: number, maxCount: number, remoteCount = 0): Html {
  const width = maxCount > 0 ? Math.max(count > 0 ? 1 : 0, (100 * count) / maxCount) : 0;
  const remote = count > 0 ? (width * remoteCount) / count : 0;
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect class="fill" width="${width.toFixed(2)}" height="4"/>${remote > 0 ? html`<rect class="far" width="${remote.toFixed(2)}" height="4"/>` : NOTHING}</svg>`;
}

/**
 * All CPUs of the host in a row, node by node, with those that are asked for, delivered to and wanted. Decorative: the
 * lists are beside it.
 */
export function cpuStrip({ affinity, effective, wanted, target }: InterruptPlan, { cpuOrder, nodes }: ViewModel): Html {
  const [asked, used, goal] = [affinity ?? EMPTY, effective ?? EMPTY, target ?? wanted ?? EMPTY];
  const isAsWanted = goal.length === 0 || isSubset(used, goal);
  const width = cpuOrder.length;
  // one CPU of hundreds would be thinner than a pixel
  const minSize = Math.max(1, width / 64);
  const rects = (set: Cpuset, name: string, y: number, height: number) =>
    positions(set, cpuOrder).map(({ first, last }) => {
      const size = Math.max(minSize, last - first + 1);
      return html`<rect class="${name}" x="${Math.min(first, width - size)}" y="${y}" width="${size}" height="${height}"/>`;
    });
  let edge = 0;
  const edges = nodes.slice(0, -1).map(({ cpus }) => {
    edge += cpus.length;
    return html`<rect class="edge" x="${edge - width / 400}" y="0" width="${width / 200}" height="12"/>`;
  });
  return html`<svg class="strip" viewBox="0 0 ${width} 12" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="${width}" y="1" height="10"/>${rects(asked, 'asked', 1, 10)}${rects(goal, 'wanted', 9.5, 2.5)}${edges}${rects(used, isAsWanted ? 'used' : 'used astray', 0, 12)}</svg>`;
}

/** Ranges of positions in the row: CPUs of one node are next to each other there, whatever their numbers. */
function positions(set: Cpuset, cpuOrder: readonly number[]): Cpuset {
  return cpusetOf(cpuOrder.flatMap((cpu, place) => (has(set, cpu) ? [place] : [])));
}
