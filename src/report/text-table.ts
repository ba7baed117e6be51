import type { InterruptPlan } from '../affinity/domain-plan.js';
import { type Cpuset, formatCpuset, isSubset } from '../domain/cpuset.js';
import { padEnd, textWidth, truncate } from '../lib/text-width.js';
import { wrap } from '../lib/text-wrap.js';
import type { Paint } from '../lint/formats/text.js';
import { formatRate, interruptKey, type Rates } from './rates.js';
import { elide, shrink } from './text-columns.js';

type Style = Parameters<Paint>[0];
const ACTIONS = { set: 'cyan', keep: 'dim', skip: 'dim', fail: 'red' } as const satisfies Record<string, Style>;

/** Columns of a domain's interrupts, and their widths. */
export interface Table {
  irq: number;
  type: number;
  lists: [affinity: number, effective: number, wanted: number];
  rates: Rates | undefined;
  /** of the terminal */
  width: number;
}

const HEADINGS = ['AFFINITY', 'EFFECTIVE', 'WANTED'] as const;
/** Spaces before the first column. */
export const MARGIN = 4;
/** Between columns; the last column, of actions. */
const GAP = 2;
const ACTION = 6;
/** Minimum columns for CPU lists, if they need them. */
const MIN_LIST_WIDTH = 7;

/** As wide as the text needs, and no wider than the terminal; undefined if the terminal is too narrow for a table. */
export function tableOf(
  interrupts: readonly InterruptPlan[],
  width: number,
  rates: Rates | undefined,
): Table | undefined {
  const longest = (heading: string, text: (interrupt: InterruptPlan) => string) =>
    interrupts.reduce((most, interrupt) => Math.max(most, text(interrupt).length), heading.length);
  const irq = longest('IRQ', (interrupt) => `${interrupt.irq}`);
  const type = longest('TYPE', typeOf);
  const lists = HEADINGS.map((heading, index) => longest(heading, (one) => listsOf(one)[index] as string));
  const room = width - MARGIN - irq - type - rateWidth(rates) - ACTION - 5 * GAP;
  const needed = lists.reduce((sum, list) => sum + Math.min(list, MIN_LIST_WIDTH), 0);
  return room < needed ? undefined : { irq, type, lists: shrink(lists, room) as Table['lists'], rates, width };
}

/** Including the gap before it. */
const rateWidth = (rates: Rates | undefined) => (rates ? GAP + RATE : 0);
const RATE = 'PER S'.length;

export function header({ irq, type, lists, rates }: Table): string {
  const headings = HEADINGS.map((heading, index) => {
    const column = lists[index] as number;
    return padEnd(truncate(heading, column), column);
  });
  const columns = [...headings, ...(rates ? ['PER S'] : []), 'ACTION'];
  return `${' '.repeat(MARGIN)}${['IRQ'.padStart(irq), 'TYPE'.padEnd(type), ...columns].join('  ')}`;
}

/**
 * A row, with more lines if the notes are long.
 * @param notes text after the action; may be empty
 */
export function formatRow(
  interrupt: InterruptPlan,
  { irq, type, lists, rates, width }: Table,
  paint: Paint,
  notes: string,
): string[] {
  const styles = stylesOf(interrupt);
  const cells = listsOf(interrupt).map((list, index) => {
    const column = lists[index] as number;
    const text = elide(list, column);
    return painted(text, styles[index], paint) + ' '.repeat(column - text.length);
  });
  const { action } = interrupt;
  if (rates) cells.push(formatRate(rates.get(interruptKey(interrupt))).padStart(RATE));
  const left = [`${interrupt.irq}`.padStart(irq), typeOf(interrupt).padEnd(type), ...cells];
  const line = `${' '.repeat(MARGIN)}${left.join('  ')}  ${paint(ACTIONS[action], action)}`;
  if (notes === '') return [line];
  const used =
    MARGIN + irq + type + lists.reduce((sum, column) => sum + column, 0) + rateWidth(rates) + ACTION + 5 * GAP;
  if (used + GAP + textWidth(notes) <= width) return [`${line}  ${notes}`];
  return [line, ...wrap(notes, width, MARGIN + irq + GAP)];
}

/** The same as a sentence, if a row does not fit: `IRQ 41 msi[0]: affinity 0-15, effective 0, wanted 4-7, set`. */
export function formatSentence(
  interrupt: InterruptPlan,
  rates: Rates | undefined,
  paint: Paint,
  width: number,
  notes: string,
): string[] {
  const styles = stylesOf(interrupt);
  const lists = listsOf(interrupt).map((list, index) => {
    // a comma follows
    const text = elide(list, width - MARGIN - 1);
    return `${HEADINGS[index]?.toLowerCase()} ${painted(text, styles[index], paint)}`;
  });
  const rate = rates ? [`${formatRate(rates.get(interruptKey(interrupt)))} per s`] : [];
  const action = paint(ACTIONS[interrupt.action], interrupt.action) + (notes === '' ? '' : `: ${notes}`);
  return wrap(`IRQ ${interrupt.irq} ${typeOf(interrupt)}: ${[...lists, ...rate, action].join(', ')}`, width, 2, MARGIN);
}

const painted = (text: string, style: Style | undefined, paint: Paint) => (style ? paint(style, text) : text);

/** Colours for an affinity or effective affinity outside of the target. */
function stylesOf({ affinity, effective, wanted, target }: InterruptPlan): (Style | undefined)[] {
  const cpus = target ?? wanted;
  if (cpus === null) return [];
  const isOutside = (set: Cpuset | null) => set !== null && !isSubset(set, cpus);
  return [isOutside(affinity) ? 'yellow' : undefined, isOutside(effective) ? 'red' : undefined];
}

const typeOf = ({ type, vector }: InterruptPlan) => (vector === null ? type : `${type}[${vector}]`);
/** WANTED shows the target of the interrupt; if that is unknown, the policy's set. */
const listsOf = ({ affinity, effective, wanted, target }: InterruptPlan) =>
  [affinity, effective, target ?? wanted].map((set) => (set ? formatCpuset(set) : '-'));
