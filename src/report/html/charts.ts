import type { InterruptPlan } from '../../affinity/domain-plan.js';
import { type Cpuset, cpusetOf, EMPTY, formatCpuset, has, isSubset } from '../../domain/cpuset.js';
import { Html, html, NOTHING } from './html.js';
import type { ViewModel } from './view-model.js';

/**
 * A count relative to the highest one, as a bar with its remote part. Decorative: the number is next to it. In few
 * bytes, as a page has thousands; the style sheet draws it.
 */
export function bar(count: number, maxCount: number, remoteCount = 0): Html {
  const width = maxCount > 0 ? Math.max(count > 0 ? 1 : 0, Math.round((100 * count) / maxCount)) : 0;
  if (width === 0) return NOTHING;
  const remote = Math.ceil((width * remoteCount) / count);
  return html`<i style=--w:${width}%${remote > 0 ? html`;--r:${remote}%` : NOTHING}></i>`;
}

/**
 * All CPUs of the host in a row, node by node, with the asked, effective and wanted ones. Decorative: the lists are
 * next to it. A drawing that several interrupts have in common is made once.
 */
export class CpuStrips {
  readonly #symbols = new Map<string, { id: string; symbol: Html }>();
  /** one CPU of hundreds would be thinner than a pixel */
  readonly #minSize: number;

  constructor(private readonly view: Pick<ViewModel, 'cpuOrder' | 'nodes'>) {
    this.#minSize = Math.max(1, view.cpuOrder.length / 64);
  }

  strip({ affinity, effective, wanted, target }: InterruptPlan): Html {
    const [asked, used, goal] = [affinity ?? EMPTY, effective ?? EMPTY, target ?? wanted ?? EMPTY];
    const isAsWanted = goal.length === 0 || isSubset(used, goal);
    const width = this.view.cpuOrder.length;
    const name = new Html(isAsWanted ? '' : ' class=astray');
    const rects = this.#places(used).map(
      ({ x, size }) =>
        html`<rect${name} x=${percent(x, width)}${size === this.#minSize ? NOTHING : html` style=width:${percent(size, width)}`} />`,
    );
    return html`<svg aria-hidden=true><use href=#${this.#symbolOf(asked, goal)} />${rects}</svg>`;
  }

  /** The width of one CPU in a strip, which the style sheet needs. */
  get cpuWidth(): Html {
    return percent(this.#minSize, this.view.cpuOrder.length);
  }

  /** The drawings that the strips refer to: once per page. */
  get definitions(): Html {
    const symbols = [...this.#symbols.values()].map(({ symbol }) => symbol);
    return html`<svg width="0" height="0" class="symbols" aria-hidden="true">${symbols}</svg>`;
  }

  #symbolOf(asked: Cpuset, goal: Cpuset): string {
    const key = `${formatCpuset(asked)} ${formatCpuset(goal)}`;
    const known = this.#symbols.get(key);
    if (known) return known.id;
    const id = `s${this.#symbols.size}`;
    const width = this.view.cpuOrder.length;
    const rects = (set: Cpuset, name: string, y: number, height: number) =>
      this.#places(set).map(
        ({ x, size }) => html`<rect class="${name}" x="${x}" y="${y}" width="${size}" height="${height}"/>`,
      );
    let edge = 0;
    const edges = this.view.nodes.slice(0, -1).map(({ cpus }) => {
      edge += cpus.length;
      return html`<rect class="edge" x="${edge - width / 400}" y="0" width="${width / 200}" height="12"/>`;
    });
    const symbol = html`<symbol id="${id}" viewBox="0 0 ${width} 12" preserveAspectRatio="none"><rect class="track" width="${width}" y="1" height="10"/>${rects(asked, 'asked', 1, 10)}${rects(goal, 'wanted', 9.5, 2.5)}${edges}</symbol>`;
    this.#symbols.set(key, { id, symbol });
    return id;
  }

  #places(set: Cpuset): { x: number; size: number }[] {
    const { cpuOrder } = this.view;
    const width = cpuOrder.length;
    return positions(set, cpuOrder).map(({ first, last }) => {
      const size = Math.max(this.#minSize, last - first + 1);
      return { x: Math.min(first, width - size), size };
    });
  }
}

const percent = (part: number, all: number) => new Html(`${Number(((100 * part) / all).toFixed(1))}%`);

/** Ranges of positions in the row: CPUs of one node are adjacent there, whatever their numbers are. */
function positions(set: Cpuset, cpuOrder: readonly number[]): Cpuset {
  return cpusetOf(cpuOrder.flatMap((cpu, place) => (has(set, cpu) ? [place] : [])));
}
