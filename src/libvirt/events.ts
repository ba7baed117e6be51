import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { BackOff } from '../lib/back-off.js';
import type { LibvirtDaemon } from './daemon.js';
import { type LibvirtEvent, parseEventLine } from './event-line.js';
import { argumentsOf, environmentOf, failureOf, killNow, type VirshConnection } from './virsh-process.js';

export interface LibvirtListener {
  /** null: an event whose domain cannot be read */
  event(event: LibvirtEvent | null): void;
  /** the running domains must be listed: events may be missed before (first), and while, the connection is made */
  connecting(first: boolean): void;
  /** libvirt's daemon has ended, or cannot be reached */
  lost(reason: string): void;
  /** libvirt's daemon has ended, and is not started: wait until it runs again */
  waiting(): void;
  /** virsh printed a line, or a kind of event, that no known version prints */
  unknown(line: string): void;
}

/** Delays before virsh is started again: systemd gives up a daemon that starts and ends five times in ten seconds. */
const RESTART_LIMITS = { firstMs: 1000, maxMs: 30_000 };
/** After this time virsh is assumed to be connected: it does not report that. */
const CONNECT_MS = 2000;
/**
 * After this time the daemon counts as stable, and the delays start over. A daemon that crashed leaves its pid file,
 * and a connection starts it again.
 */
const STABLE_MS = 60_000;
/** Interval of the check whether a daemon that has ended runs again. */
const WAIT_INTERVAL_MS = 1000;
/** Exit status of setpriv if virsh is not found, as of a shell. */
const COMMAND_NOT_FOUND = 127;
/** Maximum length of an incomplete line, and of standard error: a domain's name may be long. */
const MAX_LINE_LENGTH = 65_536;

/** libvirt's events, from `virsh event`. If virsh ends, it is started again. */
export class LibvirtEvents {
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #prefix: readonly string[] | undefined;
  readonly #backOff = new BackOff(RESTART_LIMITS);
  #closed = false;

  constructor(
    private readonly connection: VirshConnection,
    private readonly listener: LibvirtListener,
    private readonly daemon?: LibvirtDaemon,
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
      this.#timer = setTimeout(() => this.#backOff.reset(), STABLE_MS - CONNECT_MS);
      this.daemon?.connected();
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
    const lines = new EventLines();
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      const complete = `${rest}${text}`.split('\n');
      rest = (complete.pop() ?? '').slice(0, MAX_LINE_LENGTH);
      if (this.#closed) return;
      const { events, unknown } = lines.read(complete);
      for (const line of unknown) this.listener.unknown(line);
      for (const event of events) this.listener.event(event);
    });
  }

  #ended(end: { code: string | undefined; status: number | null; stderr: string }): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.listener.lost(failureOf(end));
    this.#timer = setTimeout(() => this.#startAgain(), this.#backOff.next());
  }

  /** Not while the daemon is known to have ended: where systemd starts it on demand, a connection would start it. */
  #startAgain(isWaiting = false): void {
    if (!this.daemon?.hasEnded) {
      this.start();
      return;
    }
    if (!isWaiting) this.listener.waiting();
    this.#timer = setTimeout(() => this.#startAgain(true), WAIT_INTERVAL_MS);
  }
}

/** The lines of one `virsh event`. */
class EventLines {
  #isCut = false;

  /** Equal events in one read count as one. */
  read(lines: readonly string[]): { events: Iterable<LibvirtEvent | null>; unknown: string[] } {
    const events = new Map<string, LibvirtEvent | null>();
    const unknown: string[] = [];
    for (const line of lines) {
      const { event, isUnknown = false, isCut = false } = parseEventLine(line);
      const isRest = this.#isCut && event === null && isUnknown;
      this.#isCut = isCut || isRest;
      if (isRest) continue;
      if (isUnknown) unknown.push(line);
      if (event !== undefined) events.set(JSON.stringify(event), event);
    }
    return { events: events.values(), unknown };
  }
}

/**
 * The command (util-linux) that makes the kernel end virsh if we are killed: virsh itself would end only at libvirt's
 * next event. Empty if it does not work here: the service's system call filter forbids capset, and there systemd ends
 * the remaining processes.
 */
function deathSignalPrefix(env: NodeJS.ProcessEnv): string[] {
  const prefix = ['setpriv', '--pdeathsig', 'TERM'];
  const [program = '', ...args] = prefix;
  return spawnSync(program, [...args, 'true'], { stdio: 'ignore', env }).status === 0 ? prefix : [];
}
