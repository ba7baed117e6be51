import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { text } from './kernel-files.js';
import { run } from './run.js';

export const UNIT = 'hostdev-cpuset.service';
const OPTIONS = '/etc/default/hostdev-cpuset';

/** `hostdev-cpuset watch` as started by systemd with the package's unit. */
export class Watcher {
  /** `hostdev-cpuset install` starts it */
  #runs = true;

  /** Returns when it manages the running domains and has notified systemd. */
  async start(...options: string[]): Promise<void> {
    mkdirSync('/etc/default', { recursive: true });
    writeFileSync(OPTIONS, `WATCH_OPTIONS=${options.join(' ')}\n`);
    await run('systemctl', 'enable', '--now', '--quiet', UNIT);
    this.#runs = true;
  }

  async stop(): Promise<void> {
    await run('systemctl', 'stop', UNIT);
    this.#runs = false;
  }

  get runs(): boolean {
    return this.#runs;
  }

  reload(): Promise<string> {
    return run('systemctl', 'reload', UNIT);
  }

  /** Reloads systemd after a change of its files. */
  reloadUnits(): Promise<string> {
    return run('systemctl', 'daemon-reload');
  }

  /** Kills it without systemd, which restarts it some seconds later. */
  kill(): Promise<string> {
    return run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', UNIT);
  }
}

/** The PIDs of all watchers on the host, whoever started them. */
export function watcherPids(): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const watchers = pids.filter((pid) =>
    /^[^\0]*node\0[^\0]*hostdev-cpuset[^\0]*\0watch\0/.test(`${text(`/proc/${pid}/cmdline`)}\0`),
  );
  // A child that has not executed its program yet has the watcher's command line.
  return watchers.filter((pid) => !watchers.includes(parentOf(pid)));
}

/** Field 4 of /proc/PID/stat; a command's name may contain spaces and parentheses. */
function parentOf(pid: number): number {
  return Number(text(`/proc/${pid}/stat`).split(')').at(-1)?.trim().split(' ')[1]);
}
