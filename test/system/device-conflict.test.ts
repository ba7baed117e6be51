import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import * as assert from 'uvu/assert';
import { parseMask } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { A, hostdev } from '../affinity/simulated-pass.js';
import { SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suiteWhere('one device, two real QEMUs', needs('qemu-system-x86_64', 'mount-namespace'));
const GUESTS = [
  { name: 'one', uuid: '11111111-0000-4000-8000-000000000000', cpus: '2-3' },
  { name: 'two', uuid: '22222222-0000-4000-8000-000000000000', cpus: '6-7' },
] as const;
type Guest = (typeof GUESTS)[number];
const [ONE, TWO] = GUESTS;

/**
 * Runs the two QEMUs with a /dev of their own, in which /dev/null plays the VFIO group, until it is killed. The tree
 * gets the /proc of these processes.
 */
const SCRIPT = `
set -e
tree=$1
mkdir "$tree/irq" "$tree/dev"
mount --bind "$tree/proc/irq" "$tree/irq"
mount --bind /proc "$tree/proc"
mount -o remount,bind,ro "$tree/proc"
mount --bind "$tree/irq" "$tree/proc/irq"
mount -t tmpfs none "$tree/dev"
mkdir "$tree/dev/vfio"
for name in vfio/20:null null:null zero:zero urandom:urandom; do
  touch "$tree/dev/\${name%:*}"
  mount --bind "/dev/\${name#*:}" "$tree/dev/\${name%:*}"
done
mount --rbind "$tree/dev" /dev
qemu() {
  qemu-system-x86_64 -name "guest=$1,debug-threads=on" -uuid "$2" -pidfile "$tree/run/libvirt/qemu/$1.pid" \\
    -accel tcg -m 16 -nodefaults -display none -S -monitor "unix:$tree/$1.sock,server=on,wait=off" &
}
qemu ${ONE.name} ${ONE.uuid}
qemu ${TWO.name} ${TWO.uuid}
wait
`;

let folder: TemporaryFolder;
let host: ChildProcess;

test.before(async () => {
  folder = new TemporaryFolder();
  const interrupts = [{ irq: 40, type: 'msix' as const }];
  const devices = [{ address: A, driver: 'vfio-pci', iommuGroup: 20, interrupts }];
  writeTree(new SimulatedKernel({ cpus: { present: '0-7' }, devices }), folder.path);
  // the number of /dev/null
  folder.write('sys/class/vfio/20/dev', '1:3\n');
  mkdirSync(folder.join('run/libvirt/qemu'), { recursive: true });
  for (const guest of GUESTS) folder.write(`${guest.name}.xml`, definition(guest));
  const words = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', SCRIPT, 'sh', folder.path];
  host = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  await until('two QEMUs', () => {
    assert.is(host.exitCode, null);
    return GUESTS.every(({ name }) => existsSync(folder.join(`${name}.sock`)) && pidOf(name) !== '');
  });
});
test.after(async () => {
  host.kill('SIGKILL');
  await once(host, 'close');
  folder.remove();
});

const definition = ({ name, uuid, cpus }: Guest) =>
  `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><vcpu>1</vcpu><devices>${hostdev(A, cpus)}</devices></domain>`;

function pidOf(name: string): string {
  const path = folder.join(`run/libvirt/qemu/${name}.pid`);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}

/** Has QEMU open or close the device, and waits until its descriptors show that. */
async function monitor({ name }: Guest, command: string): Promise<void> {
  const socket = createConnection(folder.join(`${name}.sock`));
  let answers = '';
  socket.on('data', (text) => {
    answers += text;
  });
  await once(socket, 'connect');
  socket.write(`${command}\n`);
  await until('an answer', () => answers.split('(qemu)').length > 2);
  socket.destroy();
  assert.not.match(answers, /Error|unknown/, answers);
}
const open = (guest: Guest) => monitor(guest, 'chardev-add file,id=device,path=/dev/vfio/20');
const close = (guest: Guest) => monitor(guest, 'chardev-remove device');

/** A pass for each domain. Returns what is said about conflicts. */
async function enforced(...guests: Guest[]): Promise<string[]> {
  const namespaces = [`--mount=/proc/${host.pid}/ns/mnt`, `--pid=/proc/${host.pid}/ns/pid_for_children`];
  const files = guests.map(({ name }) => folder.join(`${name}.xml`));
  const command = [process.execPath, `${projectRoot}dist/bin/hostdev-cpuset.cjs`, 'enforce', '--root', folder.path];
  const { stdout, stderr } = await run('nsenter', [...namespaces, '--', ...command, '--json', ...files]);
  assert.is(stderr, '');
  interface Said {
    name: string;
    devices: { problems: { rule: string; message: string }[] }[];
  }
  return (JSON.parse(stdout).domains as Said[]).flatMap(({ name, devices }) =>
    devices.flatMap(({ problems }) => problems.map(({ rule, message }) => `${name}: ${rule}: ${message}`)),
  );
}

const affinity = () => formatCpuset(parseMask(readFileSync(folder.join('proc/irq/40/smp_affinity'), 'utf8')) ?? []);
const belongsTo = ({ name }: Guest) =>
  `device-conflict: the device belongs to domain ${name}, whose QEMU (pid ${pidOf(name)}) has it open`;

test('while no QEMU has the device open, the first domain that names it has it', async () => {
  assert.equal(await enforced(ONE), []);
  assert.is(affinity(), ONE.cpus);
  const isFirst = `device-conflict: domain one (pid ${pidOf('one')}) already names the device; no QEMU is seen to have it open`;
  assert.equal(await enforced(TWO), [`two: ${isFirst}`]);
  assert.is(affinity(), ONE.cpus);
});

test('the domain whose QEMU opens it owns it, the other is told, whoever comes first', async () => {
  await open(TWO);
  assert.equal(await enforced(ONE, TWO), [`one: ${belongsTo(TWO)}`]);
  assert.is(affinity(), TWO.cpus);
  assert.equal(await enforced(TWO, ONE), [`one: ${belongsTo(TWO)}`]);
  assert.is(affinity(), TWO.cpus);
});

test('when the other QEMU gets it, so does the other domain', async () => {
  await close(TWO);
  await open(ONE);
  assert.equal(await enforced(TWO, ONE), [`two: ${belongsTo(ONE)}`]);
  assert.is(affinity(), ONE.cpus);
});

test.run();
