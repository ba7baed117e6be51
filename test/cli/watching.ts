import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { BOTH, SimulatedRoot, UUID } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { until } from '../support/until.js';

/**
 * A host with a running domain and a watcher that cannot reach libvirt: it gets only the hook's calls and trace events.
 */
export class Watching {
  readonly root = new SimulatedRoot(true);
  stderr = '';
  #child: ChildProcess | undefined;
  #ended: Promise<{ code: number | null; signal: string | null }> | undefined;

  constructor() {
    this.virsh('echo "error: failed to connect to the hypervisor" >&2; exit 1');
  }

  /** Replaces virsh by one that runs this script. */
  virsh(script: string): void {
    chmodSync(this.root.write('bin/virsh', `#!/bin/sh\n${script}\n`), 0o755);
  }

  /** Starts the watcher and waits until it has the instance lock. @param around a program that runs it */
  async start(options: string[] = [], env: Record<string, string> = {}, around: string[] = []): Promise<void> {
    this.spawn(options, env, around);
    await until('the watcher is up', () => this.stderr.includes('trace events') || this.#child?.exitCode !== null);
  }

  spawn(options: string[], env: Record<string, string> = {}, around: string[] = []): void {
    const [program = '', ...words] = [
      ...around,
      process.execPath,
      `${projectRoot}dist/bin/hostdev-cpuset.cjs`,
      'watch',
      '--root',
      this.root.path,
      ...options,
    ];
    const path = `${this.root.join('bin')}:${process.env.PATH}`;
    const child = spawn(program, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: path, ...env },
    });
    child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    this.#child = child;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** Spools a call of the hook for a running domain. */
  spool(xml = BOTH, operation = 'started'): void {
    // Complete from the start, like the hook's rename.
    const aside = this.root.write('left', `${operation}\n${xml}`);
    renameSync(aside, this.root.join(`run/hostdev-cpuset/spool/${UUID}`));
  }

  async placed(what = 'placed', affinities = '2-3,2-3,2-3,4-5'): Promise<void> {
    await until(what, () => this.affinities() === affinities);
  }

  affinities(): string {
    return [40, 41, 42, 16].map((irq) => this.root.affinity(irq)).join();
  }

  says(words: string): Promise<void> {
    return until(words, () => this.stderr.includes(words));
  }

  /** Signals the process that holds the instance lock, whoever started it. */
  signalWatcher(signal: NodeJS.Signals): void {
    const [pid] = readFileSync(this.root.join('run/hostdev-cpuset/watch.pid'), 'utf8').split(' ');
    process.kill(Number(pid), signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Waits for the end, and returns its exit code and signal. */
  async end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }> {
    if (signal) this.signal(signal);
    return (await this.#ended) ?? { code: null, signal: null };
  }

  async remove(): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) await this.end('SIGKILL');
    this.root.remove();
  }
}
