import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { run } from './run.js';
import { eventually } from './wait.js';

// No security driver, cgroups, namespaces or log daemon, which this host lacks. The capability filter: otherwise
// libvirtd queries some 380 properties of each guest's CPU one by one, which takes 4 s here. Without that capability it
// queries two that contain them all.
const QEMU_CONF = `
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
capability_filters = ["cpu-unavailable-features"]
`;
const LIBVIRTD_CONF = `
auth_unix_ro = "none"
auth_unix_rw = "none"
`;
const CACHE = '/var/cache/libvirt/qemu';
/** what libvirtd has found out about QEMU */
export const CAPABILITIES = `${CACHE}/capabilities`;
/** Shared with the machine that runs the emulation. */
const KEPT = '/.cache';

const SOCKET = '/run/libvirt/libvirt-sock';

export const LOG = '/var/log/libvirtd.log';

/** The libvirtd of the emulated host. */
export class Libvirt {
  #daemon: ChildProcess | undefined;

  async start(): Promise<void> {
    for (const folder of [
      '/etc/libvirt/hooks',
      '/run/libvirt',
      '/var/lib/libvirt/qemu',
      '/var/log/libvirt/qemu',
      CACHE,
    ]) {
      mkdirSync(folder, { recursive: true });
    }
    writeFileSync('/etc/libvirt/qemu.conf', QEMU_CONF);
    writeFileSync('/etc/libvirt/libvirtd.conf', LIBVIRTD_CONF);
    // QEMU's capabilities that an earlier run or kernel has cached: the query takes some 7 s here.
    if (!this.#daemon && existsSync(`${KEPT}/capabilities`)) cpSync(KEPT, CACHE, { recursive: true });
    const log = openSync(LOG, 'a');
    this.#daemon = spawn('libvirtd', [], { stdio: ['ignore', log, log] });
    await eventually(() => connectable(SOCKET));
  }

  /** Ends only the daemon; its guests keep running. */
  async stop(): Promise<void> {
    const ended = this.#daemon && once(this.#daemon, 'exit');
    this.#daemon?.kill();
    await ended;
  }

  keepCapabilities(): void {
    const folder = `${CACHE}/capabilities`;
    if (!existsSync(`${KEPT}/capabilities`) && existsSync(folder) && readdirSync(folder).length > 0) {
      cpSync(folder, `${KEPT}/capabilities`, { recursive: true });
    }
  }
}

/** A connection waits until the daemon accepts it. */
export async function connectable(path: string): Promise<void> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.destroy();
}

export const virsh = (...args: string[]): Promise<string> => run('virsh', ...args);
