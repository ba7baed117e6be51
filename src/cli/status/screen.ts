import { textWidth, truncate } from '../../lib/text-width.js';

/** The first line. */
export interface Head {
  /** before the text, as far as there is room */
  notes: readonly string[];
  text: string;
}

/** The contents of a screen. */
export interface Picture {
  /** the first line, which does not scroll */
  head: Head;
  /** lines below it that do not scroll */
  fixed?: string[];
  body: string[];
  /** the body lines that must be visible: the selected ones */
  selected?: { first: number; last: number } | undefined;
}

export interface View {
  /** @param columns undefined: the terminal's width is unknown */
  picture(columns: number | undefined): Picture;
  /** called at each interval */
  refresh(): void;
  /**
   * Handles a key before the screen does.
   * @param page number of lines of a page
   * @returns whether it has handled the key; 'top': also show the new body from its start
   */
  key?(key: string, page: number): boolean | 'top';
}

const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How far each key scrolls, in lines, given the lines of a page. */
const MOVES: Record<string, (page: number) => number> = {
  '\u001b[A': () => -1,
  '\u001bOA': () => -1,
  k: () => -1,
  '\u001b[B': () => 1,
  '\u001bOB': () => 1,
  j: () => 1,
  '\u001b[5~': (page) => -page,
  '\u001b[6~': (page) => page,
  ' ': (page) => page,
};
// xterm; its application mode; the Linux console and screen; rxvt
for (const home of ['\u001b[H', '\u001bOH', '\u001b[1~', '\u001b[7~', 'g'])
  MOVES[home] = () => Number.NEGATIVE_INFINITY;
for (const end of ['\u001b[F', '\u001bOF', '\u001b[4~', '\u001b[8~', 'G']) MOVES[end] = () => Number.POSITIVE_INFINITY;

/** How far a key scrolls, in lines; undefined: it does not scroll. */
export const moveOf = (key: string, page: number): number | undefined => MOVES[key]?.(page);

/** One read from the terminal may contain several keys, if the user types fast. */
export function keysIn(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals send
  return text.match(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Za-z])|[\s\S]/gu) ?? [];
}

/**
 * Shows a view on the terminal's alternate screen. Draws it every `seconds`, after a resize and after each key, until
 * q, Ctrl-C or a terminating signal. Always restores the terminal.
 */
export function showOnScreen(view: View, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdin, stdout } = process;
    const keys = stdin.isTTY;
    let offset = 0;
    /** number of fixed lines in the last drawing */
    let fixedLines = 0;
    /** stopped by Ctrl-Z: the shell uses the terminal until the process continues */
    let stopped = false;
    let ended = false;

    const draw = () => {
      const columns = stdout.columns || undefined;
      const { head, fixed: all = [], body, selected } = view.picture(columns);
      // on a low terminal the body gets the larger part
      const fixed = pageOf(stdout.rows) < 2 ? [] : all.slice(-Math.floor(pageOf(stdout.rows) / 2));
      fixedLines = fixed.length;
      const page = pageOf(stdout.rows, fixedLines);
      if (selected) offset = Math.min(selected.first, Math.max(offset, selected.last - page + 1));
      offset = Math.max(0, Math.min(offset, body.length - page));
      const last = Math.min(offset + page, body.length);
      const scrolled = body.length > page ? `lines ${offset + 1}-${last} of ${body.length}` : '';
      const lines = [titleOf(head, scrolled, columns), '', ...fixed, ...body.slice(offset, offset + page)];
      // each line is erased before it is written, as the cursor stays on the last character of a full line; with the
      // last line, everything below it
      const erased = lines.map((line, index) => `\u001b[${index === lines.length - 1 ? 'J' : 'K'}${line}`);
      stdout.write(`\u001b[H${erased.join('\n')}`);
    };
    const open = () => {
      if (keys) stdin.setRawMode(true).resume();
      stdout.write(OPEN);
    };
    const close = () => {
      stdout.write(CLOSE);
      if (keys) stdin.setRawMode(false).pause();
    };
    const end = (error?: unknown) => {
      ended = true;
      clearInterval(timer);
      for (const signal of ENDING) process.off(signal, leave);
      process.off('SIGCONT', resume);
      stdin.off('data', onKeys);
      stdout.off('resize', safely).off('error', end);
      close();
      if (error) reject(error);
      else resolve();
    };
    const leave = () => end();
    const safely = (work: unknown = draw) => {
      if (stopped || ended) return;
      try {
        if (typeof work === 'function' && work !== draw) work();
        if (!stopped && !ended) draw();
      } catch (error) {
        end(error);
      }
    };
    const resume = () => {
      stopped = false;
      open();
      safely();
    };
    const onKey = (key: string) => {
      if (key === '\u0003' || key === '\u0004') return leave();
      if (key === '\u001a') {
        stopped = true;
        close();
        process.kill(process.pid, 'SIGTSTP');
        return;
      }
      const page = pageOf(stdout.rows, fixedLines);
      const handled = view.key?.(key, page) ?? false;
      if (handled === 'top') offset = 0;
      if (handled) return;
      if (key === 'q' || key === 'Q') return leave();
      offset += moveOf(key, page) ?? 0;
    };
    const onKeys = (data: Buffer) => {
      for (const key of keysIn(data.toString())) safely(() => onKey(key));
    };

    open();
    const timer = setInterval(() => safely(() => view.refresh()), seconds * 1000);
    for (const signal of ENDING) process.on(signal, leave);
    process.on('SIGCONT', resume);
    if (keys) stdin.on('data', onKeys);
    stdout.on('resize', () => safely()).on('error', end);
    safely();
  });
}

/** The first line: if it is too long, without the notes, the last of them first; then the text is cut. */
export function titleOf({ notes, text }: Head, scrolled: string, columns = Number.POSITIVE_INFINITY): string {
  const end = scrolled === '' ? '' : `  ${scrolled}`;
  for (let count = notes.length; count >= 0; count--) {
    const start = [...notes.slice(0, count), text].join('  ');
    if (textWidth(start) + end.length <= columns) return start + end;
  }
  return truncate(truncate(text, Math.max(0, columns - end.length)) + end, columns);
}

/** Number of body lines below the head. Some terminals report 0 rows. */
const pageOf = (rows: number, fixed = 0) => Math.max(1, (rows || 24) - 2 - fixed);
