import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { askIrqbalance, findIrqbalanceSockets, type IrqbalanceSocket } from '../../src/host/irqbalance-socket.js';
import { until } from './until.js';

/** A tree with sys/ and proc/ as written by writeTree(), and a way to write into it. */
interface Tree {
  path: string;
  join(...names: string[]): string;
  write(name: string, content: string): string;
}

export type PrivateIrqbalance = { stop(): Promise<void> };

// Hides everything of the machine: if a mount fails, irqbalance is not started.
const script = `
set -e
mount --bind "$1/run" /run
mount --bind "$1/proc/irq" /proc/irq
mount --bind "$1/proc/interrupts" /proc/interrupts
mount --bind "$1/proc/stat" /proc/stat
mount --bind "$1/sys" /sys
test "$(stat --file-system --format %T /proc/irq)" != proc
shift
exec irqbalance --foreground --interval=1 "$@"
`;
const wrapper = '--pdeathsig KILL unshare --mount --pid --net --fork --kill-child --mount-proc'.split(' ');

/**
 * Starts the real irqbalance in its own namespaces, where the tree provides /sys, /proc/irq, /proc/interrupts and /run.
 * It moves only the tree's masks, once a second. Needs `irqbalance` and `mount-namespace` of needs.ts.
 */
export async function startIrqbalance(tree: Tree, args: string[] = []): Promise<PrivateIrqbalance> {
  addTopology(tree);
  mkdirSync(tree.join('run/irqbalance'), { recursive: true });
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const words = [...wrapper, 'sh', '-c', script, 'sh', tree.path, ...args];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const log: Buffer[] = [];
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await until('irqbalance listens', async () => {
      if (child.exitCode !== null) throw new Error('it ended');
      const [socket] = findIrqbalanceSockets(tree.path);
      // The socket file exists before irqbalance listens.
      return socket !== undefined && (await answers(socket));
    });
  } catch (error) {
    await stop();
    throw new Error(`irqbalance did not start: ${(error as Error).message}\n${Buffer.concat(log)}`);
  }
  // In its namespace it is process 1.
  tree.write('proc/1/comm', 'irqbalance\n');
  tree.write('proc/1/cmdline', ['irqbalance', '--foreground', ...args, ''].join('\0'));
  return { stop };
}

const answers = (socket: IrqbalanceSocket) =>
  askIrqbalance(socket, 'setup').then(
    () => true,
    () => false,
  );

/**
 * Files about CPUs and devices that irqbalance needs and simulated hosts lack: each CPU is a package, each device a
 * network card.
 */
function addTopology(tree: Tree): void {
  for (const device of readdirSync(tree.join('sys/bus/pci/devices'))) {
    for (const name of ['vendor', 'device', 'subsystem_vendor', 'subsystem_device'])
      tree.write(`sys/bus/pci/devices/${device}/${name}`, '0x8086\n');
    tree.write(`sys/bus/pci/devices/${device}/class`, '0x020000\n');
  }
  const last = Number(/\d+$/.exec(readFileSync(tree.join('sys/devices/system/cpu/online'), 'utf8').trim())?.[0]);
  const cpus = Array.from({ length: last + 1 }, (_, cpu) => cpu);
  for (const cpu of cpus) {
    const folder = `sys/devices/system/cpu/cpu${cpu}`;
    const mask = `${(1 << cpu).toString(16)}\n`;
    tree.write(`${folder}/online`, '1\n');
    tree.write(`${folder}/topology/physical_package_id`, `${cpu}\n`);
    tree.write(`${folder}/topology/core_siblings`, mask);
    tree.write(`${folder}/topology/thread_siblings`, mask);
    tree.write(`${folder}/cache/index2/shared_cpu_map`, mask);
    mkdirSync(tree.join(folder, 'node0'), { recursive: true });
  }
  tree.write('sys/devices/system/node/node0/cpumap', `${((1 << cpus.length) - 1).toString(16)}\n`);
  const times = cpus.map((cpu) => `cpu${cpu} 1 0 1 9 0 1 1 0 0 0\n`);
  tree.write('proc/stat', `cpu 8 0 8 72 0 8 8 0 0 0\n${times.join('')}`);
}
