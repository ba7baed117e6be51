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
  /** a watchdog message is being sent or waits */
  #isPinging = false;
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
    // a line break would start another assignment
    await this.#command.send(assignments.map(printable));
  }

  /**
   * Sends WATCHDOG=1 four times in each interval that systemd expects: on an overloaded host the start of a process
   * takes seconds, and messages are late or lost.
   */
  startWatchdog(): void {
    const microseconds = Number(this.env.WATCHDOG_USEC);
    if (!this.#isEnabled || !(microseconds > 0)) return;
    const intervalMs = Math.min(Math.max(microseconds / 4000, MIN_WATCHDOG_INTERVAL_MS), MAX_WATCHDOG_INTERVAL_MS);
    this.#watchdog = setInterval(() => void this.#ping(), intervalMs);
  }

  stopWatchdog(): void {
    clearInterval(this.#watchdog);
  }

  /** Waits behind other messages, but never queues twice: systemd may accept none for a while. */
  async #ping(): Promise<void> {
    if (this.#isPinging) return;
    this.#isPinging = true;
    await this.send('WATCHDOG=1');
    this.#isPinging = false;
  }

  /** Drops the messages that have not been sent yet. */
  close(): void {
    this.stopWatchdog();
    this.#command.close();
  }
}
