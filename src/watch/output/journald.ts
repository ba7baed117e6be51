import { existsSync } from 'node:fs';
import { pid } from 'node:process';
import { LEVELS } from '../../hook/journal.js';
import type { JournalEntry } from './journal-entry.js';
import { ShellPipe } from './shell-pipe.js';

/** journald's socket of datagrams, which Node cannot send: logger(1) of util-linux does it for us. */
export const FIELD_SOCKET = '/run/systemd/journal/socket';

/** Entries that wait for logger; more go the other way, which is faster and knows no fields. */
const LONGEST_QUEUE = 50;
/** Milliseconds that a logger may take. */
const PATIENCE = 2000;
/** Milliseconds without fields after one that failed: journald may have been busy, or is started anew. */
const REST = 60_000;

/** Where lines go that journald does not take with their fields. */
export type PlainWriter = (entry: JournalEntry) => void;

/** Writes to journald with fields, one entry after the other; where there is none, plainly. */
export class JournaldWriter {
  #queue: JournalEntry[] = [];
  #writing: Promise<void> | undefined;
  readonly #logger = new ShellPipe(`printf %s "$message" | logger --journald`, PATIENCE);
  readonly #isThere: boolean;
  #restsUntil = 0;

  constructor(
    private readonly plainly: PlainWriter,
    socket: string | undefined,
    private readonly rest = REST,
  ) {
    this.#isThere = socket !== undefined && existsSync(socket);
  }

  get #isUsable(): boolean {
    return this.#isThere && performance.now() >= this.#restsUntil;
  }

  write(entry: JournalEntry): void {
    if (!this.#isUsable || this.#queue.length >= LONGEST_QUEUE) {
      this.plainly(entry);
      return;
    }
    this.#queue.push(entry);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** What logger has not taken by now goes plainly, though it may be about to. */
  close(): void {
    this.#logger.close();
  }

  async #writeAll(): Promise<void> {
    for (let entry = this.#queue.shift(); entry; entry = this.#queue.shift()) {
      if (this.#isUsable) {
        // logger may be gone before journald asks which unit it was of: then this says it
        if (await this.#logger.send([`OBJECT_PID=${pid}`, ...fieldsOf(entry)])) continue;
        this.#restsUntil = performance.now() + this.rest;
      }
      this.plainly(entry);
    }
    this.#writing = undefined;
  }
}

/** A line a field, as logger --journald reads them; a field may be there more than once. */
export function fieldsOf({ priority, text, domains = [], addresses = [], irqs = [] }: JournalEntry): string[] {
  const fields: [string, string | number][] = [
    ['MESSAGE', text],
    ['PRIORITY', LEVELS[priority]],
    ['SYSLOG_IDENTIFIER', 'hostdev-cpuset'],
    ...domains.map((name): [string, string] => ['HOSTDEV_CPUSET_DOMAIN', name]),
    ...addresses.map((address): [string, string] => ['HOSTDEV_CPUSET_ADDRESS', address]),
    ...irqs.map((irq): [string, number] => ['HOSTDEV_CPUSET_IRQ', irq]),
  ];
  // a line break would begin another field
  return fields.map(([name, value]) => `${name}=${String(value).replace(/\p{Cc}/gu, '\ufffd')}`);
}
