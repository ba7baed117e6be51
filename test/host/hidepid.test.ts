import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { hidesProcesses } from '../../src/host/hidepid.js';
import type { PseudoFs } from '../../src/host/pseudo-fs.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';

const test = suiteWhere('/proc mounted with hidepid', needs('mount-namespace', 'another-user'));
const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';

/**
 * A process of another user that looks like QEMU of samples/gpu.xml, in its own PID namespace; then `enforce` with the
 * given capabilities. The host has no PCI device here, and no /proc/irq.
 */
const SCRIPT = `
set -e
mount -t proc -o "$1" proc /proc
mount -t tmpfs -o ro none /proc/irq
mount -t tmpfs none /run
mount -t tmpfs none /sys/bus/pci
mkdir -p /run/libvirt/qemu
setpriv --reuid 65534 --regid 65534 --clear-groups \
  sh -c 'printf "CPU 0/KVM" >/proc/self/comm; while :; do sleep 1; done' sh -name guest=workstation, -uuid ${UUID} >/dev/null 2>&1 &
qemu=$!
until grep -q CPU "/proc/$qemu/comm"; do sleep 0.05; done
case $3 in
  runs) echo "$qemu" >/run/libvirt/qemu/workstation.pid ;;
  ended) echo 4000000 >/run/libvirt/qemu/workstation.pid ;;
esac
echo "pid=$qemu"
exec setpriv --bounding-set="$2" --inh-caps=-all "$4" "$5/dist/bin/hostdev-cpuset.cjs" enforce "$5/samples/gpu.xml"
`;

/** @param capabilities in setpriv's format */
async function enforce(options: string, capabilities: string, pidFile: 'runs' | 'ended' | 'none') {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const words = ['sh', '-c', SCRIPT, 'sh', options, capabilities, pidFile, process.execPath, projectRoot];
  const { stdout, stderr } = await run('unshare', [...namespaces, ...words], { timeLimit: 60_000 });
  assert.is(stderr, '');
  const pid = /^pid=(\d+)$/m.exec(stdout)?.[1];
  assert.ok(pid, stdout);
  const report = stdout.replace(/\s+/g, ' ');
  return {
    isSeen: report.includes("from QEMU's threads"),
    isHidden: (number = pid) =>
      report.includes(
        `cannot read /proc/${number} of QEMU: /proc is mounted with hidepid; the service needs CAP_SYS_PTRACE: nothing is written`,
      ),
    isNotRunning: report.includes('no QEMU of this domain runs here'),
  };
}

test("the hidepid option of a chroot's /proc does not count for this host", () => {
  const chroot = '40 30 0:50 / /srv/chroot/proc rw - proc proc rw,hidepid=invisible\n';
  const own = '24 30 0:22 / /proc rw - proc proc rw\n';
  const hidden = '24 30 0:22 / /proc rw - proc proc rw,hidepid=invisible\n';
  const hides = (mountinfo: string, root = '') =>
    hidesProcesses({
      root,
      read: (path: string) => (path.endsWith('mountinfo') ? mountinfo : 'Gid:\t1\t1\t1\t1\nGroups:\t1\nCapEff:\t0\n'),
    } as PseudoFs);
  assert.not.ok(hides(own + chroot));
  assert.ok(hides(hidden + chroot));
  assert.ok(hides(own + chroot, '/srv/chroot'));
});

/** The unit's capabilities in setpriv's format. */
function unitCapabilities(): string {
  const unit = readFileSync(`${projectRoot}service/hostdev-cpuset.service`, 'utf8');
  const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  return [
    '-all',
    ...names.filter((name) => name !== '').map((name) => `+${name.replace('CAP_', '').toLowerCase()}`),
  ].join();
}

for (const options of ['hidepid=1,gid=54321', 'hidepid=2,gid=54321', 'hidepid=4']) {
  test(`${options}: without a capability the report says that QEMU cannot be read`, async () => {
    const { isSeen, isHidden, isNotRunning } = await enforce(options, '-all', 'runs');
    assert.equal([isSeen, isHidden(), isNotRunning], [false, true, false]);
  });

  test(`${options}: with the unit's capabilities QEMU is seen`, async () => {
    const { isSeen, isHidden, isNotRunning } = await enforce(options, unitCapabilities(), 'runs');
    assert.equal([isSeen, isHidden(), isNotRunning], [true, false, false]);
  });
}

test('an ended process is recognized with CAP_SYS_PTRACE, and unknown without', async () => {
  const known = await enforce('hidepid=2,gid=54321', unitCapabilities(), 'ended');
  assert.equal([known.isHidden('4000000'), known.isNotRunning], [false, true]);
  const unknown = await enforce('hidepid=2,gid=54321', '-all', 'ended');
  assert.equal([unknown.isHidden('4000000'), unknown.isNotRunning], [true, false]);
});

test('without a PID file no QEMU runs, whatever is hidden', async () => {
  assert.is((await enforce('hidepid=2,gid=54321', '-all', 'none')).isNotRunning, true);
});

for (const options of ['hidepid=0', 'hidepid=2']) {
  test(`${options}: root sees QEMU without a capability, as group 0 may`, async () => {
    assert.is((await enforce(options, '-all', 'runs')).isSeen, true);
    assert.is((await enforce(options, '-all', 'ended')).isNotRunning, true);
  });
}

/**
 * Runs a command in a PID namespace where /proc hides the processes of user 65534. `$!` is one of these, and has VFIO's
 * device group 12 and a file with the name of group 13 open.
 * @param capabilities of the command, in setpriv's format
 */
function withHiddenProcess(options: string, command: string, capabilities = '-all') {
  const script = `
    set -e
    mount -t proc -o "$1" proc /proc
    mount -t tmpfs none /mnt
    mkdir /mnt/vfio
    touch /mnt/vfio/12 /mnt/vfio/13
    mount --bind /dev/null /mnt/vfio/12
    mount -t tmpfs none /sys/class
    for group in 12 13; do mkdir -p /sys/class/vfio/$group; stat -c %Hr:%Lr /dev/null >/sys/class/vfio/$group/dev; done
    for name in null zero random urandom; do touch /mnt/$name; mount --bind /dev/$name /mnt/$name; done
    mount --rbind /mnt /dev
    setpriv --reuid 65534 --regid 65534 --clear-groups sleep 60 <"/dev/vfio/12" 3<"/dev/vfio/13" >/dev/null 2>&1 &
    until [ "$(stat -c %u "/proc/$!")" = 65534 ]; do sleep 0.05; done
    start=$(sed 's/.*) //' "/proc/$!/stat" | cut -d' ' -f20)
    cd "$2"
    exec setpriv --bounding-set=${capabilities} --inh-caps=-all ${command}`;
  const words = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh', options];
  return run('unshare', [...words, projectRoot, process.execPath], { timeLimit: 60_000 });
}

for (const options of ['hidepid=2,gid=54321', 'hidepid=0']) {
  test(`${options}: with the unit's capabilities, the devices that QEMU has open are known`, async () => {
    const code = `
      import { RealFs } from './dist/modules/src/host/real-fs.js';
      import { readOpenDevices } from './dist/modules/src/host/open-devices.js';
      const found = readOpenDevices(new RealFs(), Number(process.argv[1]));
      console.log(found instanceof Error ? found.code : [...(found?.groups ?? ['none'])].join());`;
    const command = `"$3" --input-type=module -e "${code}" -- "$!"`;
    assert.is((await withHiddenProcess(options, command, unitCapabilities())).stdout, '12\n');
    assert.is((await withHiddenProcess('hidepid=0', command, '-all,+sys_ptrace')).stdout, 'EACCES\n');
  });
}

for (const options of ['hidepid=1,gid=54321', 'hidepid=2,gid=54321', 'hidepid=0']) {
  test(`${options}: the lock of a hidden process is held, that of an ended process is not`, async () => {
    const code = `
      import { runningProcess } from './dist/modules/src/lib/process-lock.js';
      const [held] = process.argv.slice(1);
      console.log(runningProcess(held) === Number(held.split(' ')[0]), runningProcess('4000000 1'));`;
    const command = `"$3" --input-type=module -e "${code}" -- "$! $start"`;
    const { stdout, stderr } = await withHiddenProcess(options, command);
    assert.equal([stdout, stderr], ['true undefined\n', '']);
  });

  test(`${options}: lint-domain --host reads what it can`, async () => {
    const command = '"$3" dist/bin/lint-domain.cjs --host samples/gpu.xml';
    const { stdout, stderr } = await withHiddenProcess(options, command);
    assert.is(stderr, '');
    assert.match(stdout, /^1 file: /m);
  });
}

test.run();
