import { existsSync } from 'node:fs';
import { printable } from './printable.js';
import { ShellPipe } from './shell-pipe.js';

/** journald's stream socket, for lines as a service prints them (as systemd-cat does). */
export const JOURNAL_STREAM_SOCKET = '/run/systemd/journal/stdout';
/**
 * journald's socket for entries with fields. It takes datagrams, which Node cannot send; logger(1) of util-linux sends
 * them.
 */
export const JOURNAL_FIELD_SOCKET = '/run/systemd/journal/socket';

export type JournalPriority = 'error' | 'warning' | 'info' | 'debug';

/** A line without its line end. */
export interface JournalLine {
  priority: JournalPriority;
  text: string;
}

/** Name and value. A name may occur more than once in an entry. */
export type JournalField = readonly [name: string, value: string | number];

/** syslog(3) */
const SYSLOG_LEVELS: Record<JournalPriority, number> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Maximum time that a journald that does not answer delays the caller. */
const STREAM_TIMEOUT_MS = 500;
/** Maximum number of entries that wait for logger. Further entries go to the fallback, which is faster. */
const MAX_QUEUE_LENGTH = 50;
const LOGGER_TIMEOUT_MS = 2000;
/** How long the fallback is used after logger has failed: journald may be busy, or restarting. */
const PAUSE_AFTER_FAILURE_MS = 60_000;

/** Sends lines to journald's stream socket; false if the socket does not exist or does not accept them. */
export async function sendToJournal(
  socket: string,
  identifier: string,
  lines: readonly JournalLine[],
): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const connection = connect(socket);
    const finish = (sent: boolean) => {
      clearTimeout(timer);
      connection.destroy();
      resolve(sent);
    };
    const timer = setTimeout(finish, STREAM_TIMEOUT_MS, false);
    connection.on('error', () => finish(false));
    connection.end(journalStream(identifier, lines), () => finish(true));
  });
}

/**
 * A header of seven lines: identifier, unit (only root may set it), default priority, whether lines may begin with
 * their own, and three flags for forwarding; then the lines. Source: systemd, src/journal/journald-stream.c.
 */
export function journalStream(identifier: string, lines: readonly JournalLine[]): string {
  const header = [identifier, '', SYSLOG_LEVELS.info, 1, 0, 0, 0];
  return `${header.map((line) => `${line}\n`).join('')}${prefixedLines(lines)}`;
}

/**
 * Lines that begin with their priority, as journald reads them from services, and `logger --prio-prefix` from its
 * input.
 */
export function prefixedLines(lines: readonly JournalLine[]): string {
  return lines.map(({ priority, text }) => `<${SYSLOG_LEVELS[priority]}>${printable(text)}\n`).join('');
}

/** The standard fields of a line. */
export function standardFields(identifier: string, { priority, text }: JournalLine): JournalField[] {
  return [
    ['MESSAGE', text],
    ['PRIORITY', SYSLOG_LEVELS[priority]],
    ['SYSLOG_IDENTIFIER', identifier],
  ];
}

/** One line per field, as logger --journald reads them. */
export function fieldLines(fields: readonly JournalField[]): string[] {
  // a line break would start another field
  return fields.map(([name, value]) => `${name}=${printable(String(value))}`);
}

export interface JournaldWriterOptions {
  /** undefined: journald does not run, and every entry goes to its fallback */
  socket: string | undefined;
  /** pid of the process whose unit the entries belong to */
  pid: number;
  env: Readonly<Record<string, string | undefined>>;
  pauseAfterFailureMs?: number;
}

interface QueuedEntry {
  fields: readonly JournalField[];
  fallback(): void;
}

/**
 * Writes entries with fields to journald, one after the other. An entry that journald does not accept goes to its
 * fallback.
 */
export class JournaldWriter {
  readonly #queue: QueuedEntry[] = [];
  readonly #logger: ShellPipe;
  readonly #exists: boolean;
  #writing: Promise<void> | undefined;
  #pausedUntil = 0;

  constructor(private readonly options: JournaldWriterOptions) {
    const { socket, env } = options;
    this.#logger = new ShellPipe(`printf %s "$message" | logger --journald`, LOGGER_TIMEOUT_MS, env);
    this.#exists = socket !== undefined && existsSync(socket);
  }

  /** @param fallback writes the entry without fields */
  write(fields: readonly JournalField[], fallback: () => void): void {
    if (!this.#isUsable || this.#queue.length >= MAX_QUEUE_LENGTH) {
      fallback();
      return;
    }
    this.#queue.push({ fields, fallback });
    this.#writing ??= this.#writeQueue();
  }

  /** Resolves when all entries are written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Ends logger. Entries that it has not accepted yet go to their fallback, and may be written twice. */
  close(): void {
    this.#logger.close();
  }

  get #isUsable(): boolean {
    return this.#exists && performance.now() >= this.#pausedUntil;
  }

  async #writeQueue(): Promise<void> {
    const { pid, pauseAfterFailureMs = PAUSE_AFTER_FAILURE_MS } = this.options;
    for (let entry = this.#queue.shift(); entry; entry = this.#queue.shift()) {
      if (this.#isUsable) {
        // logger may have ended when journald looks up its unit; OBJECT_PID names our process
        if (await this.#logger.send([`OBJECT_PID=${pid}`, ...fieldLines(entry.fields)])) continue;
        this.#pausedUntil = performance.now() + pauseAfterFailureMs;
      }
      entry.fallback();
    }
    this.#writing = undefined;
  }
}
