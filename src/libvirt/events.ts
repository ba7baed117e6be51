import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { BackOff } from '../lib/back-off.js';
import { type LibvirtEvent, parseEventLine } from './event-line.js';
import { argumentsOf, environmentOf, errorsIn, failureOf, killNow, type VirshConnection } from './virsh-process.js';

export interface LibvirtListener {
  /** null: an event whose domain cannot be read */
  event(event: LibvirtEvent | null): void;
  /** the running domains must be listed: events may be missed while the connection is made (first), until it stands */
  connecting(first: boolean): void;
  /** libvirt has gone, or cannot be reached */
  lost(reason: string): void;
}

/** Delays before virsh is started again. */
const RESTART_LIMITS = { firstMs: 1000, maxMs: 30_000 };
/** After this time virsh is taken to be connected: it does not say so. */
const CONNECT_MS = 2000;
/** Exit status of setpriv if there is no virsh, as of a shell. */
const COMMAND_NOT_FOUND = 127;
/** Characters kept of an incomplete line, and of standard error: a domain's name may be long. */
const MAX_LINE_LENGTH = 65_536;

/** libvirt's events, from `virsh event`, which is started again when it ends. */
export class LibvirtEvents {
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #prefix: readonly string[] | undefined;
  readonly #backOff = new BackOff(RESTART_LIMITS);
  #closed = false;

  constructor(
    private readonly connection: VirshConnection,
    private readonly listener: LibvirtListener,
  ) {}

  start(): void {
    const env = environmentOf(this.connection);
    this.#prefix ??= deathSignalPrefix(env);
    const args = argumentsOf(this.connection, ['event', '--all', '--loop', '--timestamp']);
    const [program = '', ...rest] = [...this.#prefix, 'virsh', ...args];
    const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#readEvents(child);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(0, MAX_LINE_LENGTH);
    });
    let code: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    child.on('close', (status) =>
      this.#ended({ code: status === COMMAND_NOT_FOUND ? 'ENOENT' : code, status, stderr }),
    );
    this.listener.connecting(true);
    this.#timer = setTimeout(() => {
      this.#backOff.reset();
      this.listener.connecting(false);
    }, CONNECT_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#child) killNow(this.#child);
  }

  #readEvents({ stdout }: ChildProcess): void {
    let rest = '';
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
      for (const event of eventsIn(lines)) if (!this.#closed) this.listener.event(event);
    });
  }

  #ended(end: { code: string | undefined; status: number | null; stderr: string }): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    // it was connected: a daemon that is restarted soon runs again
    if (errorsIn(end.stderr)[0]?.startsWith('Disconnected ')) this.#backOff.reset();
    this.listener.lost(failureOf(end));
    this.#timer = setTimeout(() => this.start(), this.#backOff.next());
  }
}

/** Equal events that came together are one. */
function eventsIn(lines: readonly string[]): Iterable<LibvirtEvent | null> {
  const events = lines.map(parseEventLine).filter((event) => event !== undefined);
  return new Map(events.map((event) => [JSON.stringify(event), event])).values();
}

/**
 * The command (util-linux) that has the kernel end virsh if we are killed: virsh itself would end only at libvirt's next event. Empty if
 * it does not work here: the service's system call filter forbids capset, and there systemd ends what is left.
 */
function deathSignalPrefix(env: NodeJS.ProcessEnv): string[] {
  const prefix = ['setpriv', '--pdeathsig', 'TERM'];
  const [program = '', ...args] = prefix;
  return spawnSync(program, [...args, 'true'], { stdio: 'ignore', env }).status === 0 ? prefix : [];
}
