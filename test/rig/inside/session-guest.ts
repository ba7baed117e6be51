import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { GuestDriver } from './guest-driver.js';
import { connectable, LOG } from './libvirt.js';
import { Qtest } from './qtest.js';
import { run } from './run.js';
import { LOCKED_BYTES, type SessionDomain, SLOT, sessionEnvironment, writeSessionFiles } from './session-libvirt.js';
import { vfioNodes } from './vfio-binding.js';
import { eventually } from './wait.js';

const USER = { uid: 1000, gid: 1000 };
/** as logind makes it */
const RUNTIME = `/run/user/${USER.uid}`;
const ROOT = '/run/session';

/** Prepended to a command: it is run by the user, who may lock the guest's memory. */
const AS_USER = [
  ...['prlimit', `--memlock=${LOCKED_BYTES}`, 'setpriv', `--reuid=${USER.uid}`, `--regid=${USER.gid}`],
  ...['--clear-groups', 'env', '--ignore-environment', ...sessionEnvironment(ROOT, RUNTIME)],
] as [string, ...string[]];

/** A guest of an ordinary user of the host, by a libvirt of that user in session mode. */
export class SessionGuest {
  /** A reset disables it: load it again. */
  readonly driver: GuestDriver;

  private constructor(
    private readonly name: string,
    private readonly daemon: ChildProcess,
    private readonly qtest: Qtest,
  ) {
    this.driver = new GuestDriver(qtest, SLOT);
  }

  static async start(domain: Omit<SessionDomain, 'sockets'>): Promise<SessionGuest> {
    mkdirSync(RUNTIME, { recursive: true });
    chownSync(RUNTIME, USER.uid, USER.gid);
    writeSessionFiles(ROOT, USER, { ...domain, sockets: RUNTIME });
    // the administrator gives the device to the user
    for (const { path } of vfioNodes(domain.address).slice(1)) chownSync(path, USER.uid, USER.gid);
    const log = openSync(LOG, 'a');
    const [program, ...words] = AS_USER;
    const daemon = spawn(program, [...words, 'libvirtd'], { stdio: ['ignore', log, log] });
    try {
      await eventually(() => connectable(`${RUNTIME}/libvirt/libvirt-sock`));
      await virsh('create', '--paused', `${ROOT}/etc/domain.xml`);
      return new SessionGuest(domain.name, daemon, await Qtest.connect(`${RUNTIME}/${domain.name}.qtest`));
    } catch (error) {
      await end(daemon);
      throw error;
    }
  }

  async reset(): Promise<void> {
    await virsh('reset', this.name);
  }

  async remove(): Promise<void> {
    this.qtest.close();
    await virsh('destroy', this.name);
    await end(this.daemon);
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  const ended = once(daemon, 'exit');
  daemon.kill();
  await ended;
  for (const folder of [ROOT, RUNTIME]) rmSync(folder, { recursive: true });
}

const virsh = (...words: string[]) => run(...AS_USER, 'virsh', '--connect', 'qemu:///session', ...words);
