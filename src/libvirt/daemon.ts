import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** URI of these daemons. */
export const SYSTEM_URI = 'qemu:///system';
/** Pid files of the daemons that may serve this URI. A daemon removes its file when it ends. */
const PID_FILES = ['run/virtqemud.pid', 'run/libvirtd.pid'];

/**
 * Detects the end of libvirt's daemon without connecting to it: where systemd starts the daemon on demand, a connection
 * would start it.
 */
export class LibvirtDaemon {
  #wasRunning = false;

  /**
   * @param root a directory that contains the host's /run; '' for this host
   * @param uri of the connection
   */
  constructor(
    private readonly root: string,
    private readonly uri: string | undefined,
  ) {}

  /**
   * Called when a connection has been made: if a pid file exists now, its removal will show that the daemon has ended.
   */
  connected(): void {
    this.#wasRunning = this.#hasPidFile;
  }

  /** False also if that is unknown: a daemon of another URI, or one whose pid file is elsewhere. */
  get hasEnded(): boolean {
    return this.#wasRunning && !this.#hasPidFile;
  }

  get #hasPidFile(): boolean {
    return this.uri === SYSTEM_URI && PID_FILES.some((path) => existsSync(join(this.root || '/', path)));
  }
}
