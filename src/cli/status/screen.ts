import { truncate } from '../../lib/text-width.js';

/** What a screen shows. */
export interface View {
  /**
   * the first stays where it is when the rest is scrolled. @param columns undefined: the terminal does not know its
   * width
   */
  lines(columns: number | undefined): { head: string; body: string[] };
  /** called at each interval */
  refresh(): void;
}

const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How far a key scrolls, in lines, given the lines of a page. */
const KEYS: Record<string, (page: number) => number> = {
  '\u001b[A': () => -1,
  '\u001bOA': () => -1,
  k: () => -1,
  '\u001b[B': () => 1,
  '\u001bOB': () => 1,
  j: () => 1,
  '\u001b[5~': (page) => -page,
  '\u001b[6~': (page) => page,
  ' ': (page) => page,
  '\u001b[H': () => Number.NEGATIVE_INFINITY,
  '\u001b[F': () => Number.POSITIVE_INFINITY,
};

/**
 * Shows a view on the terminal's other screen, again every `seconds`, at each resize and key, until q, Ctrl-C or a
 * signal that ends. The terminal is then as it was, whatever happens.
 */
export function showOnScreen(view: View, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdin, stdout } = process;
    const keys = stdin.isTTY;
    let offset = 0;
    /** by Ctrl-Z: the terminal is the shell's until it goes on */
    let stopped = false;

    const draw = () => {
      const columns = stdout.columns || undefined;
      const { head, body } = view.lines(columns);
      const page = pageOf(stdout.rows);
      offset = Math.max(0, Math.min(offset, body.length - page));
      const scrolled = body.length > page ? `  lines ${offset + 1}-${offset + page} of ${body.length}` : '';
      const title = `${head}${scrolled}`;
      const lines = [
        columns === undefined ? title : truncate(title, columns),
        '',
        ...body.slice(offset, offset + page),
      ];
      // erased before it is written: behind a line that fills its row the cursor stands on the last character. The last
      // line with all below
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
      clearInterval(timer);
      for (const signal of ENDING) process.off(signal, leave);
      process.off('SIGCONT', resume);
      stdin.off('data', onKey);
      stdout.off('resize', safely).off('error', end);
      close();
      if (error) reject(error);
      else resolve();
    };
    const leave = () => end();
    const safely = (work: unknown = draw) => {
      if (stopped) return;
      try {
        if (typeof work === 'function') work();
        draw();
      } catch (error) {
        end(error);
      }
    };
    const resume = () => {
      stopped = false;
      open();
      safely();
    };
    const onKey = (data: Buffer) => {
      const key = data.toString();
      if (key === 'q' || key === 'Q' || key === '\u0003' || key === '\u0004') return leave();
      if (key === '\u001a') {
        stopped = true;
        close();
        process.kill(process.pid, 'SIGTSTP');
        return;
      }
      offset += KEYS[key]?.(pageOf(stdout.rows)) ?? 0;
      safely();
    };

    open();
    const timer = setInterval(() => safely(() => view.refresh()), seconds * 1000);
    for (const signal of ENDING) process.on(signal, leave);
    process.on('SIGCONT', resume);
    if (keys) stdin.on('data', onKey);
    stdout.on('resize', () => safely()).on('error', end);
    safely();
  });
}

/** Lines of the body that fit below the head. Some terminals say that they have none. */
const pageOf = (rows: number) => Math.max(1, (rows || 24) - 2);
