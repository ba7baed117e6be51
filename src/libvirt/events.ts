import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { type LibvirtEvent, parseEventLine } from './event-line.js';
import { endAtOnce, environmentOf, errorIn, NO_VIRSH, optionsOf, type VirshCall } from './virsh.js';

export interface LibvirtListener {
  /** null: something happened, to nobody knows which domain */
  event(event: LibvirtEvent | null): void;
  /** who runs is to be asked: a connection is being made (first), or has had time to be */
  connecting(first: boolean): void;
  /** the daemon is gone, or cannot be reached */
  lost(reason: string): void;
}

/** Milliseconds: before virsh is started again, at first and at most; until it can be taken to be connected. */
const FIRST = 1000;
const LONGEST = 30_000;
const SETTLED = 2000;
/** The status of who was asked to run a program that there is not, as of a shell. */
const ABSENT = 127;
/** Characters of a line that are kept: a name may be long. */
const LONGEST_LINE = 65_536;

/** libvirt's events, from a virsh that is started again when the daemon has gone. */
export class LibvirtEvents {
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tie: readonly string[] | undefined;
  #delay = FIRST;
  #closed = false;

  constructor(
    private readonly call: VirshCall,
    private readonly listener: LibvirtListener,
  ) {}

  start(): void {
    const words = [...optionsOf(this.call), 'event', '--all', '--loop', '--timestamp'];
    this.#tie ??= tieOf(environmentOf(this.call));
    const [program = '', ...rest] = [...this.#tie, 'virsh', ...words];
    const child = spawn(program, rest, { env: environmentOf(this.call), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    this.#readLines(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, LONGEST_LINE);
    });
    let failure: NodeJS.ErrnoException | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (status) => {
      const isAbsent = failure?.code === 'ENOENT' || status === ABSENT;
      this.#ended(isAbsent ? NO_VIRSH : (errorIn(said) ?? failure?.message ?? 'virsh event ended'));
    });
    this.listener.connecting(true);
    this.#timer = setTimeout(() => {
      this.#delay = FIRST;
      this.listener.connecting(false);
    }, SETTLED);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#child) endAtOnce(this.#child);
  }

  #readLines({ stdout }: ChildProcess): void {
    let rest = '';
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      for (const event of eventsIn(lines)) if (!this.#closed) this.listener.event(event);
    });
  }

  #ended(reason: string): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    // it was connected: a daemon that is restarted is there again soon
    if (reason.startsWith('Disconnected ')) this.#delay = FIRST;
    this.listener.lost(reason);
    this.#timer = setTimeout(() => this.start(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST);
  }
}

/** Those that came together and say the same are one. */
function eventsIn(lines: readonly string[]): Iterable<LibvirtEvent | null> {
  const events = lines.map(parseEventLine).filter((event) => event !== undefined);
  return new Map(events.map((event) => [JSON.stringify(event), event])).values();
}

/**
 * Words before a command that have it end with us, even where we are killed; else it would live until libvirt's next event. Of util-linux.
 * None where they do not work: the service may make no such system call (capset), and there systemd ends what is left.
 */
function tieOf(env: NodeJS.ProcessEnv): string[] {
  const tie = ['setpriv', '--pdeathsig', 'TERM'];
  const [program = '', ...words] = tie;
  return spawnSync(program, [...words, 'true'], { stdio: 'ignore', env }).status === 0 ? tie : [];
}
