// Guests in /proc: CPU time of a look at all of 100 QEMUs with 8 devices and 64 other open files each, among 500 other
// processes, and of a minute in which nothing happens. A tree of files plays the host, for one figure all
// but the processes.
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestTracker } from '../dist/modules/src/discovery/guest-tracker.js';
import { QemuScanner } from '../dist/modules/src/host/qemu-scanner.js';
import { RealFs } from '../dist/modules/src/host/real-fs.js';
import { parseHostDescription, SimulatedKernel, writeTree } from '../dist/modules/test/simulator/index.js';
import { cpuMs, cpuOf, folder, inTurn, missing, report } from './measure.mjs';
import { podFiles } from './pods.mjs';
import { runAmongQemus } from './real-processes.mjs';

const QEMUS = 100;
const DEVICES = 8;
const OTHER_FILES = 64;
const OTHERS = 500;

export default function discovery() {
  const root = join(folder, 'discovery');
  try {
    writeTree(new SimulatedKernel(parseHostDescription(JSON.stringify(host()))), root);
    for (const pid of pids()) {
      for (let fd = 100; fd < 100 + OTHER_FILES; fd++)
        symlinkSync('anon_inode:[eventfd]', `${root}/proc/${pid}/fd/${fd}`);
    }
    const files = new RealFs(root);
    const known = new QemuScanner(files);
    const [first, again] = inTurn(9, [() => cpuOf(() => scan(new QemuScanner(files))), () => cpuOf(() => scan(known))]);
    report('discovery: full scan', `first ${first.toFixed(1)} ms of CPU, again ${again.toFixed(1)} ms`, again, {
      most: 50,
    });
    const [polled, traced] = inTurn(5, [() => quietMinute(files, false), () => quietMinute(files, true)]);
    const text = `polled ${polled.toFixed(1)} ms of CPU a minute, with trace events ${traced.toFixed(1)} ms`;
    report('discovery: quiet, % of a core', text, polled / 600, { most: 0.1 });
    amongRealProcesses(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** /proc takes longer than a tree of files, and here each QEMU is in a pod with a libvirt. */
function amongRealProcesses(tree) {
  const name = 'discovery: full scan, real';
  if (process.getuid() !== 0) return missing(name, 'root');
  for (const entry of readdirSync(join(tree, 'proc'))) rmSync(join(tree, 'proc', entry), { recursive: true });
  const script = fileURLToPath(new URL('scan-processes.mjs', import.meta.url));
  const filesOf = (guest) => podFiles(guest, { pid: 'PID', devices: DEVICES, address: (one) => address(guest, one) });
  const output = runAmongQemus({ tree, qemus: QEMUS, files: OTHER_FILES, others: OTHERS, filesOf }, script);
  const { first, again, devices, polled, traced } = JSON.parse(output);
  if (devices !== QEMUS * DEVICES) throw new Error(`${devices} devices found`);
  if (polled.guests !== QEMUS || traced.guests !== QEMUS) throw new Error(`${polled.guests} status files read`);
  report(name, `first ${first.toFixed(1)} ms of CPU, again ${again.toFixed(1)} ms`, again, { most: 50 });
  const parts = `${polled.first.toFixed(1)} ms of CPU in parts of ${polled.longest.toFixed(1)} ms or less`;
  report('discovery: first, pods', parts, polled.longest, { most: 100 });
  const text = `polled ${polled.minute.toFixed(1)} ms of CPU a minute, traced ${traced.minute.toFixed(1)} ms`;
  report('discovery: quiet, pods, % of a core', text, polled.minute / 600, { most: 0.1 });
}

function scan(scanner) {
  const { qemus } = scanner.scan(true);
  if (qemus.length !== QEMUS || qemus.some(({ devices }) => devices.length !== DEVICES))
    throw new Error('not all found');
}

/** CPU time of a minute after the first look, in which the tracker is called when it is due. */
function quietMinute(files, isTraced) {
  let now = 0;
  const sink = { add: () => {}, remove: () => {}, problem: () => {}, withState: () => [] };
  const tracker = new GuestTracker(files, sink, { scopes: undefined, withoutLibvirts: true, now: () => now, cpuMs });
  tracker.setTraced(isTraced);
  tracker.look();
  return cpuOf(() => {
    while (tracker.due <= 60_000) {
      now = Math.max(now, tracker.due);
      tracker.look();
    }
  });
}

const address = (guest, device) => `0000:${guest.toString(16).padStart(2, '0')}:00.${device}`;
const pids = () => Array.from({ length: QEMUS }, (_, index) => 10_000 + 10 * index);

function host() {
  const each = (count, make) => Array.from({ length: count }, (_, index) => make(index));
  const devices = each(QEMUS, (guest) =>
    each(DEVICES, (device) => ({
      address: address(guest, device),
      driver: 'vfio-pci',
      iommuGroup: guest * DEVICES + device,
      interrupts: [{ irq: 100 + guest * DEVICES + device, type: 'msix' }],
    })),
  ).flat();
  const domains = pids().map((pid, guest) => ({
    name: `guest${guest}`,
    uuid: `5b1c2ad4-9f0e-4c39-8a53-${guest.toString(16).padStart(12, '0')}`,
    pid,
    vcpus: [],
    open: each(DEVICES, (device) => address(guest, device)),
    process: { uid: 107, cgroup: '/system.slice/a.scope' },
  }));
  const processes = each(OTHERS, (index) => ({ pid: 100_000 + index, command: 'other' }));
  return { cpus: { present: '0-7' }, devices, domains, processes };
}
