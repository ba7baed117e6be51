import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Outcome, run } from '../support/run.js';
import { until } from '../support/until.js';

/** Where the container sees the test's files. */
export const SHARED = '/mnt/shared';
const NAMESPACES = ['--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup'];

/**
 * A Debian system in a container in which its own systemd is process 1, without a network. Needs root, and mount and
 * PID namespaces of its own, with which it ends.
 */
export class BootedSystem {
  #leader = '';

  private constructor(private readonly container: ChildProcess) {}

  /** @param shared a folder that the system sees as SHARED */
  static async boot(root: string, shared: string): Promise<BootedSystem> {
    // Debian 13 does not boot with the version 1 of cgroups that the machine may have.
    const env = { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
    const options = ['--register=no', '--keep-unit', '--private-network', '--console=pipe', '--resolv-conf=off'];
    const words = [...options, `--bind=${shared}:${SHARED}`, '--directory', root, '--boot'];
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const container = spawn('systemd-nspawn', words, { env, stdio: [...stdio] });
    const output: Buffer[] = [];
    for (const stream of [container.stdout, container.stderr])
      stream?.on('data', (chunk: Buffer) => output.push(chunk));
    const system = new BootedSystem(container);
    await until('a booted system', () => {
      assert.is(container.exitCode, null, Buffer.concat(output).toString());
      return system.#hasBooted();
    });
    return system;
  }

  /** Runs a command as its root. */
  run(...words: string[]): Promise<Outcome> {
    return run('nsenter', ['--target', this.#leader, ...NAMESPACES, '--', ...words], { env: CLEAN });
  }

  /** The output of a command that must succeed. */
  async succeeds(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    assert.is(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  /** A property of the unit of our service. */
  async property(name: string): Promise<string> {
    return (await this.succeeds('systemctl', 'show', '--value', `--property=${name}`, 'hostdev-cpuset')).trim();
  }

  async end(): Promise<void> {
    if (this.container.exitCode !== null) return;
    const ended = once(this.container, 'close');
    this.container.kill('SIGKILL');
    await ended;
  }

  async #hasBooted(): Promise<boolean> {
    const pid = this.container.pid;
    this.#leader = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1) ?? '';
    if (this.#leader === '' || readFileSync(`/proc/${this.#leader}/comm`, 'utf8') !== 'systemd\n') return false;
    return /^(running|degraded)$/m.test((await this.run('systemctl', 'is-system-running')).stdout);
  }
}

/** Nothing of the machine's environment. */
const CLEAN = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** A copy of a root whose changes are in memory, until the mount namespace ends. @param folder is made */
export function writableCopy(root: string, folder: string): string {
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'changes', folder]);
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name));
  const layers = `lowerdir=${root},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
  const copy = join(folder, 'root');
  execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', copy]);
  // It keeps services from being started, for installations in a root that is not booted.
  rmSync(join(copy, 'usr/sbin/policy-rc.d'), { force: true });
  // What systemd-nspawn leaves there must not stay on the machine.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'run', '/run']);
  return copy;
}
