import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** URI of the daemons below. */
export const SYSTEM_URI = 'qemu:///system';
/** Pid files of the daemons that may serve it. A daemon removes its own when it ends. */
const PID_FILES = ['run/virtqemud.pid', 'run/libvirtd.pid'];

/**
 * Whether libvirt's daemon has ended, as far as that shows without a connection: where systemd starts the daemon on
 * demand, a connection would start it.
 */
export class LibvirtDaemon {
  #wasRunning = false;

  /** @param root a directory that contains the host's /run; '' for this host. @param uri of the connection */
  constructor(
    private readonly root: string,
    private readonly uri: string | undefined,
  ) {}

  /** A connection stands: a pid file that is there now tells later whether the daemon has ended. */
  connected(): void {
    this.#wasRunning = this.#hasPidFile;
  }

  /** False as well if that is unknown: a daemon of another URI, or one whose pid file is elsewhere. */
  get hasEnded(): boolean {
    return this.#wasRunning && !this.#hasPidFile;
  }

  get #hasPidFile(): boolean {
    return this.uri === SYSTEM_URI && PID_FILES.some((path) => existsSync(join(this.root || '/', path)));
  }
}
