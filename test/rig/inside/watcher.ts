import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync } from 'node:fs';
import { text } from './kernel-files.js';
import { eventually } from './wait.js';

export const LOG = '/var/log/watch.log';

/** `hostdev-cpuset watch` as a service manager would run it, of which this host has none. */
export class Watcher {
  #child: ChildProcess | undefined;

  /** Comes back when it holds what runs. */
  async start(...args: string[]): Promise<void> {
    const log = openSync(LOG, 'a');
    const child = spawn('hostdev-cpuset', ['watch', ...args], { stdio: ['ignore', log, log] });
    this.#child = child;
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`the watcher ended with status ${child.exitCode}`);
      if (statusPid() !== child.pid) throw new Error('the watcher is not ready');
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Of all watchers on the host, whoever started them. */
export function watcherPids(): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) =>
    /^[^\0]*node\0[^\0]*hostdev-cpuset[^\0]*\0watch\0/.test(`${text(`/proc/${pid}/cmdline`)}\0`),
  );
}

function statusPid(): number | undefined {
  try {
    return (JSON.parse(text('/run/hostdev-cpuset/watch.json')) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}
