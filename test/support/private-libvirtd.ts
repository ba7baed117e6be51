import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type Outcome, run } from './run.js';

export type PrivateLibvirtd = {
  /** For `virsh -c`. */
  uri: string;
  virsh(args: string[]): Promise<Outcome>;
  /** Calls virsh, and fails if it fails. */
  succeeds(...args: string[]): Promise<Outcome>;
  /**
   * The root of the file system as this libvirtd sees it, as a prefix for paths. Its /run, /etc/libvirt,
   * /var/lib/libvirt, /var/cache/libvirt, /var/log/libvirt and /proc are private; everything else below it is the
   * machine's: do not write there.
   */
  directory: string;
  /** Restarts the daemon; its guests keep running. */
  restart(): Promise<void>;
  /** Ends only the daemon. One that is started on demand is started by the next connection. */
  end(): Promise<void>;
  /** Ends the daemon with its guests. Nothing of it remains on the machine, as all its state is in memory. */
  stop(): Promise<void>;
};

// No cgroups, huge page folders, DAC or AppArmor labels, and no log daemon: they would be the machine's.
const qemuConf = `
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
hugetlbfs_mount = []
stdio_handler = "file"
`;

// Polkit, the default, would be called over D-Bus, which a private /run lacks.
const libvirtdConf = `
auth_unix_ro = "none"
auth_unix_rw = "none"
`;

// libvirtd reads the hook directories only when it starts. With a hook that does nothing, a test can install its own at
// any time. The shell stays as process 1 of the namespace and reaps the guests that libvirtd detaches.
const script = `
set -e
for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mount -t tmpfs -o mode=755 private-libvirtd "$folder"
done
mkdir -p /run/libvirt /etc/libvirt/hooks/qemu.d
printf '#!/bin/sh\\n' >/etc/libvirt/hooks/qemu.d/none
chmod 755 /etc/libvirt/hooks/qemu.d/none
printf %s "$1" >/etc/libvirt/libvirtd.conf
printf %s "$2" >/etc/libvirt/qemu.conf
echo mounted
daemon='libvirtd --pid-file /run/libvirtd.pid --config /etc/libvirt/libvirtd.conf'
if [ -n "$3" ]; then
  mkdir -p /run/libvirt
  while systemd-socket-activate --listen=/run/libvirt/libvirt-sock --fdname=libvirtd.socket $daemon --timeout "$3"; do :; done
  exit 1
fi
status=0
while $daemon || status=$?; [ -e /run/restart ]; do
  rm /run/restart
done
exit $status
`;

const endScript = 'kill "$(cat /run/libvirtd.pid)"';

// The file is removed when the old daemon has ended.
const restartScript = `
touch /run/restart && kill "$(cat /run/libvirtd.pid)" || exit
while [ -e /run/restart ]; do sleep 0.05; done
`;

// The daemon ends with this process, even after SIGKILL, and every process of the namespace ends with it.
const wrapper = '--pdeathsig KILL unshare --mount --pid --net --fork --kill-child --mount-proc'.split(' ');

/**
 * Starts the test's own libvirtd: the system daemon with the QEMU driver, in mount, process and network namespaces that
 * hide the machine's libvirt. Needs `libvirtd`, `virsh` and `mount-namespace` of needs.ts. Throws with the daemon's log
 * if it does not start.
 * @param idleSeconds the daemon is started by a connection, as systemd does, and ends after this time without one;
 * needs `systemd-socket-activate`
 */
export async function startLibvirtd({ idleSeconds }: { idleSeconds?: number } = {}): Promise<PrivateLibvirtd> {
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` };
  const args = [...wrapper, 'sh', '-c', script, 'sh', libvirtdConf, qemuConf, `${idleSeconds ?? ''}`];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const log: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      log.push(Buffer.from(error.message));
      resolve();
    });
  });
  // Before this line is printed, the directory below is still the machine's.
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended]);

  const directory = `/proc/${child.pid}/root`;
  const socket = `${directory}/run/libvirt/libvirt-sock`;
  const uri = `qemu+unix:///system?socket=${socket}`;
  const virsh = (words: string[]) => run('virsh', ['-c', uri, ...words], { env });
  const succeeds = async (...words: string[]) => {
    const outcome = await virsh(words);
    assert.is(outcome.code, 0, `virsh ${words.join(' ')}: ${outcome.stderr}`);
    return outcome;
  };
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };

  const answers = async () => existsSync(socket) && (await virsh(['uri'])).code === 0;
  const comeUp = async () => {
    for (let waited = 0; waited < 30_000 && isRunning(child); waited += 50) {
      if (await answers()) return;
      await sleep(50);
    }
    await stop();
    throw new Error(`the private libvirtd did not start:\n${Buffer.concat(log)}`);
  };
  const runInside = async (text: string) => {
    const namespaces = `/proc/${child.pid}/ns`;
    const inside = [`--mount=${namespaces}/mnt`, `--pid=${namespaces}/pid_for_children`, 'sh', '-c', text];
    const { code, stderr } = await run('nsenter', inside, { env });
    if (code !== 0) throw new Error(`the private libvirtd was not ended: ${stderr}`);
  };
  const end = () => runInside(endScript);
  const restart = async () => {
    await runInside(restartScript);
    await comeUp();
  };

  await comeUp();
  return { uri, virsh, succeeds, directory, restart, end, stop };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
