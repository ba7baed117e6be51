import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { parseMask } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { addressOf, podsHost, statusXml } from './pods-host.js';

const test = suiteWhere('guests among real processes', needs('another-user'));
const daemonSet = readFileSync(`${projectRoot}deploy/kubevirt/base/daemonset.yaml`, 'utf8');
/** Of the container, as setpriv takes them. */
const CAPABILITIES = (/add: \[(.*)\]/.exec(daemonSet)?.[1] ?? '').split(', ').map((name) => `+${name.toLowerCase()}`);

/**
 * Processes that look like QEMU to the kernel, each of user 65534 with a mount namespace of its own, in which a libvirt
 * has left a status file, and the command, which has what the DaemonSet's container has: the host's /proc, read-only
 * but for the masks, and its capabilities. The interrupts, and the rest of the host, are a tree.
 */
const SCRIPT = `
  set -e
  tree=$1 guests=$2
  shift 2
  guest() {
    unshare --mount sh -c '
      set -e
      mount -t tmpfs none /run
      mkdir -p /run/libvirt/qemu/run
      sed "s/PID/$$/" "$1" >/run/libvirt/qemu/run/default_vm.xml
      echo $$ >/run/libvirt/qemu/run/default_vm.pid
      enter="setpriv --reuid 65534 --regid 65534 --clear-groups"
      eval "$2"
      chown -R 65534 /run/libvirt
      chmod -R go= /run/libvirt
      mount -t tmpfs none /mnt
      mkdir /mnt/vfio
      touch /mnt/vfio/20 /mnt/vfio/21 /mnt/vfio/22 /mnt/vfio/23 /mnt/null
      mount --bind /dev/null /mnt/vfio/20
      mount --bind /dev/zero /mnt/vfio/22
      mount --bind /dev/full /mnt/vfio/23
      mount --bind /dev/null /mnt/null
      mount --rbind /mnt /dev
      exec $enter "$3" "$5" "$6" \\
        -name guest=default_vm,debug-threads=on 3<"$4" >/dev/null 2>&1
    ' sh "$@" &
    pids="$pids $!"
    until [ "$(readlink "/proc/$!/exe")" = "$3" ]; do sleep 0.05; done
  }
  pids=
  trap 'kill $pids' EXIT
  cp /bin/sh "$guests/qemu-system-x86_64"
  shell=$guests/qemu-system-x86_64
  export OVERLAY="$guests/overlay.sh"
  # on an overlay, as the file systems of containers are
  guest "$guests/one.xml" 'mkdir /run/upper /run/work; mount -t overlay none /run/libvirt \\
    -o lowerdir=/run/libvirt,upperdir=/run/upper,workdir=/run/work' "$shell" /dev/vfio/20 -c 'sleep 60; :'
  guest "$guests/two.xml" : "$shell" /dev/vfio/21 -c 'sleep 60; :'
  guest "$guests/one.xml" 'cd /run/libvirt/qemu/run; mv default_vm.xml a; ln -s a default_vm.xml' \\
    "$shell" /dev/vfio/22 -c 'sleep 60; :'
  # it only names the device (O_PATH)
  cp "$(command -v perl)" "$guests/qemu-system-perl"
  guest "$guests/two.xml" : "$guests/qemu-system-perl" /dev/null \\
    '-esysopen(D, "/dev/vfio/20", 010000000) || die; sleep 60' --
  # root of a user namespace, as any user can be: what its files are on may be somebody else's
  guest "$guests/three.xml" 'mkdir /run/empty; enter="unshare --user --map-root-user --mount sh $OVERLAY"' \\
    "$shell" /dev/vfio/23 -c 'sleep 60; :'
  mkdir "$guests/irq"
  mount --bind "$tree/proc/irq" "$guests/irq"
  mount --bind /proc "$tree/proc"
  mount -o remount,bind,ro "$tree/proc"
  mount --bind "$guests/irq" "$tree/proc/irq"
  setpriv --bounding-set=-all,${CAPABILITIES.join()} --inh-caps=-all "$@"`;

/** Run in a user namespace: mounts an overlay where libvirt has its files, then starts the program. */
const OVERLAY = `
  set -e
  mount -t overlay -o lowerdir=/run/libvirt:/run/empty none /run/libvirt
  exec "$@" 3</dev/vfio/23`;

interface Report {
  owner: string;
  problems: { rule: string; message: string }[];
}

test('a policy is placed with the privileges of the container; what only looks like a device, and a link, is not followed', async () => {
  const folder = new TemporaryFolder();
  try {
    const tree = folder.join('tree');
    const config = { scopes: [{ users: ['65534', '0'], cpus: '0-7' }] };
    writeTree(new SimulatedKernel(podsHost([], config)), tree);
    // the numbers of /dev/null, /dev/zero and /dev/full, which play the groups
    folder.write('tree/sys/class/vfio/20/dev', '1:3\n');
    folder.write('tree/sys/class/vfio/22/dev', '1:5\n');
    folder.write('tree/sys/class/vfio/23/dev', '1:7\n');
    const xml = (index: number, cpus: string) =>
      statusXml(`<hostdev address="${addressOf(index)}" cpuset="${cpus}"/>`, { addresses: [addressOf(index)] }).replace(
        "pid='77'",
        "pid='PID'",
      );
    folder.write('guests/one.xml', xml(0, '5'));
    folder.write('guests/two.xml', xml(1, '6'));
    folder.write('guests/three.xml', xml(3, '7'));
    folder.write('guests/overlay.sh', OVERLAY);
    const program = [process.execPath, `${projectRoot}dist/bin/hostdev-cpuset.cjs`];
    const words = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      SCRIPT,
      'sh',
      tree,
      folder.join('guests'),
    ];
    const command = [...program, 'enforce', '--root', tree, '--discover', 'proc', '--json'];
    const { stdout, stderr } = await run('unshare', [...words, ...command], { timeLimit: 60_000 });
    const { domains } = JSON.parse(stdout);
    const found = domains.map(({ owner, problems }: Report) => [
      owner,
      ...problems.map(({ rule, message }) => `${rule}: ${message.split(': ').at(-1)}`),
    ]);
    assert.equal(found, [
      ['user 65534'],
      ['user 65534', 'guest-xml-unreadable: not a regular file'],
      ['user root', 'guest-xml-unreadable: not on a local file system'],
    ]);
    const note = (name: string) => `note: the definition of ${name} states no policy: no interrupt is placed\n`;
    assert.is(stderr, note('default_vm (user 65534)') + note(`QEMU ${domains[2].pid} (user root)`));
    const affinity = (irq: number) =>
      formatCpuset(parseMask(readFileSync(`${tree}/proc/irq/${irq}/smp_affinity`, 'utf8')) ?? []);
    assert.equal([40, 41, 50, 51, 60, 61, 70, 71].map(affinity), ['5', '5', ...Array(6).fill('0-7')]);
  } finally {
    folder.remove();
  }
});

test.run();
