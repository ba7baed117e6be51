import { printable } from './printable.js';
import { ShellPipe } from './shell-pipe.js';

const SEND_TIMEOUT_MS = 5000;
/**
 * Minimum and maximum interval of watchdog messages: each one starts a process; the maximum is that of Node's timers.
 */
const MIN_WATCHDOG_INTERVAL_MS = 100;
const MAX_WATCHDOG_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Sends the state of a service to systemd (sd_notify). systemd's socket takes datagrams, which neither Node nor a
 * library without native code can send; systemd-notify(1) comes with systemd. Messages come from another process: the
 * unit needs NotifyAccess=all.
 */
export class SystemdNotify {
  #watchdog: NodeJS.Timeout | undefined;
  /** number of messages that are being sent or wait */
  #pending = 0;
  readonly #command: ShellPipe;
  readonly #isEnabled: boolean;

  /** @param env with NOTIFY_SOCKET, and WATCHDOG_USEC if the unit has a watchdog */
  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {
    this.#isEnabled = Boolean(env.NOTIFY_SOCKET);
    this.#command = new ShellPipe('(IFS=$newline && exec systemd-notify $message)', SEND_TIMEOUT_MS, env);
  }

  /**
   * Sends assignments such as READY=1, one message after the other. Resolves when the message was sent, or sending has
   * failed.
   */
  async send(...assignments: string[]): Promise<void> {
    if (!this.#isEnabled) return;
    this.#pending++;
    // a line break would start another assignment
    await this.#command.send(assignments.map(printable));
    this.#pending--;
  }

  /** Sends WATCHDOG=1 twice in each interval that systemd expects. */
  startWatchdog(): void {
    const microseconds = Number(this.env.WATCHDOG_USEC);
    if (!this.#isEnabled || !(microseconds > 0)) return;
    // do not queue messages while systemd accepts none
    const ping = () => void (this.#pending > 0 || this.send('WATCHDOG=1'));
    const intervalMs = Math.min(Math.max(microseconds / 2000, MIN_WATCHDOG_INTERVAL_MS), MAX_WATCHDOG_INTERVAL_MS);
    this.#watchdog = setInterval(ping, intervalMs);
  }

  stopWatchdog(): void {
    clearInterval(this.#watchdog);
  }

  /** Drops the messages that have not been sent yet. */
  close(): void {
    this.stopWatchdog();
    this.#command.close();
  }
}
