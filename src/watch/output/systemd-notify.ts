import { ShellPipe } from './shell-pipe.js';

/** Milliseconds that a message may take. */
const PATIENCE = 5000;
/** Milliseconds between two signs of life: each is a process, and Node's timers know no longer time. */
const LEAST = 100;
const MOST = 2 ** 31 - 1;

/**
 * Tells systemd how a service is. Its socket takes datagrams, which Node cannot send and no library without native code can;
 * systemd-notify(1) is there wherever systemd is. Messages come from a process of their own: the unit needs NotifyAccess=all.
 */
export class SystemdNotify {
  #watchdog: NodeJS.Timeout | undefined;
  /** messages that are to be sent */
  #waiting = 0;
  readonly #systemd: ShellPipe;
  readonly #isWanted: boolean;

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {
    this.#isWanted = Boolean(env.NOTIFY_SOCKET);
    this.#systemd = new ShellPipe('(IFS=$newline && exec systemd-notify $message)', PATIENCE, env);
  }

  /** Assignments such as READY=1; one message after the other. Resolves when it is sent, or cannot be. */
  async send(...assignments: string[]): Promise<void> {
    if (!this.#isWanted) return;
    this.#waiting++;
    await this.#systemd.send(assignments);
    this.#waiting--;
  }

  /** Says that we live, twice as often as systemd wants to hear it. */
  startWatchdog(): void {
    const microseconds = Number(this.env.WATCHDOG_USEC);
    if (!this.#isWanted || !(microseconds > 0)) return;
    // a systemd that takes none for a while is not sent a queue of them
    const live = () => void (this.#waiting > 0 || this.send('WATCHDOG=1'));
    this.#watchdog = setInterval(live, Math.min(Math.max(microseconds / 2000, LEAST), MOST));
  }

  stopWatchdog(): void {
    clearInterval(this.#watchdog);
  }

  /** What is not sent by now is not: nobody's end waits for it. */
  close(): void {
    this.stopWatchdog();
    this.#systemd.close();
  }
}
