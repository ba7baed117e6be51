import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { namespaceOf, processesIn } from '../support/namespace-processes.js';
import type { PrivateLibvirtd } from '../support/private-libvirtd.js';
import { until } from '../support/until.js';
import { virshWithDevices } from './guest-with-hostdevs.js';

export const CLI = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;

/** The arguments of nsenter that start a program in libvirtd's mount and PID namespaces. */
export function insideOf({ directory }: PrivateLibvirtd): string[] {
  const namespaces = directory.replace(/root$/, 'ns');
  return [`--mount=${namespaces}/mnt`, `--pid=${namespaces}/pid_for_children`, '--'];
}

/** `hostdev-cpuset watch` with the test's own libvirtd, for a simulated host. */
export class LibvirtdWatcher {
  #child: ChildProcess | undefined;
  /** its output */
  output = '';

  constructor(
    private readonly libvirtd: PrivateLibvirtd,
    private readonly root: SimulatedRoot,
  ) {}

  async start(...options: string[]): Promise<void> {
    const env = { ...process.env, PATH: `${virshWithDevices(this.root)}:${process.env.PATH}` };
    const words = [...insideOf(this.libvirtd), process.execPath, CLI, 'watch', '--root', this.root.path, ...options];
    this.#child = spawn('nsenter', words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (text) => {
      this.output += text;
    });
    await until('a watcher', () => this.isWatching());
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const inside = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    for (const pid of inside.filter(Boolean)) process.kill(Number(pid), signal);
    await once(child, 'close');
  }

  /** Whether a watcher holds the instance lock and runs: this one, or another in libvirtd's namespaces. */
  isWatching(): boolean {
    const names = processesIn(namespaceOf(this.libvirtd.directory));
    return (
      existsSync(this.root.join('run/hostdev-cpuset/watch.pid')) &&
      names.some((name) => /^(node|MainThread)/.test(name))
    );
  }
}
