import type { Paint } from '../../lint/formats/text.js';
import { GUEST_ORDERS, type GuestOrder, type GuestSummary, orderGuests } from '../../report/overview.js';
import { overviewText, overviewTotals } from '../../report/overview-text.js';
import { noGuestLines, noteLines } from './overview-lines.js';
import { moveOf, type Picture } from './screen.js';

const ORDERS = Object.keys(GUEST_ORDERS) as GuestOrder[];
const ESCAPE = '\u001b';
const ENTER = ['\r', '\n'];
const BACK = [ESCAPE, ...ENTER, '\u007f', '\b', '\u001b[D', '\u001bOD'];
const ERASE = ['\u007f', '\b'];
/** Columns of the mark before each line of the list. */
const MARK_WIDTH = 2;

/** The data that the view shows. */
export interface OverviewState {
  /** the guests that pass the filters */
  guests: readonly GuestSummary[];
  all: readonly GuestSummary[];
}

/**
 * The list of guests, with search, order and selection; a guest can be opened and closed. Input: keys; output: lines.
 */
export class OverviewView {
  #order: GuestOrder = 'state';
  #search = '';
  #isSearching = false;
  /** the selected guest, which stays selected if the order changes */
  #selected: string | undefined;
  #opened: string | undefined;

  constructor(private readonly paint: Paint) {}

  /** guestKey() of the open guest; undefined: the list is shown. */
  get opened(): string | undefined {
    return this.#opened;
  }

  /** Closes a guest that has ended. */
  update({ all }: OverviewState): void {
    if (!all.some((guest) => guestKey(guest) === this.#opened)) this.#opened = undefined;
  }

  /** Returns whether it has handled the key; 'top': the list or guest has changed, and is shown from its start. */
  key(key: string, state: OverviewState, page: number): boolean | 'top' {
    if (this.#opened !== undefined) return this.#keyOfGuest(key);
    if (this.#isSearching) return this.#keyOfSearch(key);
    const shown = this.#shown(state);
    if (ENTER.includes(key)) {
      const guest = shown[this.#indexIn(shown)];
      if (guest) this.#opened = guestKey(guest);
      return 'top';
    }
    if (key === '/') {
      this.#isSearching = true;
      return true;
    }
    if (key === ESCAPE) {
      this.#search = '';
      return true;
    }
    if (key === 's' || key === 'S') {
      const step = key === 's' ? 1 : ORDERS.length - 1;
      this.#order = ORDERS[(ORDERS.indexOf(this.#order) + step) % ORDERS.length] as GuestOrder;
      return true;
    }
    const move = moveOf(key, page);
    if (move === undefined) return false;
    const index = Math.max(0, Math.min(this.#indexIn(shown) + move, shown.length - 1));
    const guest = shown[index];
    this.#selected = guest && guestKey(guest);
    return true;
  }

  #keyOfGuest(key: string): boolean | 'top' {
    if (!BACK.includes(key)) return false;
    this.#opened = undefined;
    return 'top';
  }

  #keyOfSearch(key: string): boolean {
    if (key === ESCAPE) this.#search = '';
    if (key === ESCAPE || ENTER.includes(key)) this.#isSearching = false;
    else if (ERASE.includes(key)) this.#search = [...this.#search].slice(0, -1).join('');
    else if (!/[\p{Cc}]/u.test(key)) this.#search += key;
    return true;
  }

  /** The keys, for the screen's first line. */
  get help(): string {
    if (this.#opened !== undefined) return 'Esc back  q quits';
    if (this.#isSearching) return `search: ${this.#search}_`;
    const search = this.#search === '' ? '/ search' : `/${this.#search} (Esc all)`;
    return `by ${this.#order}  ${search}  s order  Enter opens  q quits`;
  }

  list(state: OverviewState, columns: number): Omit<Picture, 'head'> {
    const shown = this.#shown(state);
    const { header, rows } = overviewText(shown, this.paint, columns, { order: this.#order, margin: MARK_WIDTH });
    const index = this.#indexIn(shown);
    const body = rows.flatMap((row, at) =>
      row.map((line, part) => `${at !== index ? ' ' : part === 0 ? this.paint('bold', '>') : '|'} ${line}`),
    );
    const first = rows.slice(0, index).reduce((sum, row) => sum + row.length, 0);
    const selected = shown.length > 0 ? { first, last: first + (rows[index]?.length ?? 1) - 1 } : undefined;
    const none = shown.length === 0 && this.#search !== '' ? 'no guest has that in its name' : '';
    const unmatched = state.guests.length === 0 && state.all.length > 0 ? 'no guest passes the filters' : none;
    return {
      fixed: [...this.totals(state, columns), ...(shown.length > 0 ? header.map((line) => `  ${line}`) : [])],
      body: [...body, ...(unmatched === '' ? [] : noteLines(unmatched, columns))],
      selected,
    };
  }

  totals({ all }: OverviewState, columns: number): string[] {
    return all.length === 0 ? noGuestLines(columns) : overviewTotals(all, this.paint, columns);
  }

  #shown({ guests }: OverviewState): GuestSummary[] {
    const text = this.#search.toLowerCase();
    return orderGuests(
      guests.filter(({ name }) => name.toLowerCase().includes(text)),
      this.#order,
    );
  }

  /** Index of the selected guest, otherwise of the first one. */
  #indexIn(shown: readonly GuestSummary[]): number {
    return Math.max(
      0,
      shown.findIndex((guest) => guestKey(guest) === this.#selected),
    );
  }
}

/** Guests that were found as processes may claim the same name and UUID. */
export const guestKey = ({ uuid, name, pid }: Pick<GuestSummary, 'uuid' | 'name' | 'pid'>) =>
  pid === undefined ? (uuid ?? name) : `process ${pid}`;
