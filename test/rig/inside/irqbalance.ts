import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync } from 'node:fs';
import { text } from './kernel-files.js';

const DROP_INS = '/etc/systemd/system/irqbalance.service.d';

/** The host's irqbalance. Its own interval is 10 s. */
export class Irqbalance {
  #child: ChildProcess | undefined;

  async start(args: readonly string[], intervalSeconds = 1): Promise<void> {
    mkdirSync('/run/irqbalance', { recursive: true });
    const log = openSync('/var/log/irqbalance.log', 'a');
    const options = ['--foreground', `--interval=${intervalSeconds}`, ...args];
    this.#child = spawn('/rig/irqbalance', options, { stdio: ['ignore', log, log] });
    await once(this.#child, 'spawn');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** The arguments that systemd passes to it after `hostdev-cpuset install`. */
export function installedArguments(): string[] {
  const lines = readdirSync(DROP_INS).flatMap((name) => text(`${DROP_INS}/${name}`).split('\n'));
  const settings = lines.flatMap((line) => /^Environment="?IRQBALANCE_ARGS=([^"]*)/.exec(line)?.[1] ?? []);
  return settings.flatMap((setting) => setting.split(' '));
}
