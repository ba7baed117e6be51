import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { text } from './kernel-files.js';
import { run } from './run.js';

export const UNIT = 'hostdev-cpuset.service';
const OPTIONS = '/etc/default/hostdev-cpuset';

/** `hostdev-cpuset watch` as the unit of the package has systemd run it. */
export class Watcher {
  /** `hostdev-cpuset install` starts it */
  #runs = true;

  /** Comes back when it holds what runs: then it has told systemd so. */
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

  /** After a change of what systemd reads. */
  reloadUnits(): Promise<string> {
    return run('systemctl', 'daemon-reload');
  }

  /** Not told to systemd, which starts it again some seconds later. */
  kill(): Promise<string> {
    return run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', UNIT);
  }
}

/** Of all watchers on the host, whoever started them. */
export function watcherPids(): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const watchers = pids.filter((pid) =>
    /^[^\0]*node\0[^\0]*hostdev-cpuset[^\0]*\0watch\0/.test(`${text(`/proc/${pid}/cmdline`)}\0`),
  );
  // a child that has not executed its program yet has the watcher's command line
  return watchers.filter((pid) => !watchers.includes(parentOf(pid)));
}

/** Field 4 of /proc/PID/stat; a command's name may hold spaces and parentheses. */
function parentOf(pid: number): number {
  return Number(text(`/proc/${pid}/stat`).split(')').at(-1)?.trim().split(' ')[1]);
}
