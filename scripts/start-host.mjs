// The simulated host of `npm start`: a directory with /sys, /proc and /run that behaves as if a kernel provided it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHostDescription, SimulatedKernel, writeTree } from '../dist/modules/test/simulator/index.js';

const DEVICE = '0000:0a:00.3';
const PROGRAM = 'dist/bin/hostdev-cpuset.cjs';
/** The steps usually take less than one second. */
const TIMEOUT_MS = 10_000;

export class StartHost {
  #root = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-host-'));
  #kernel;
  #env;
  #watcher;
  #output = '';

  constructor(description, colour) {
    this.#kernel = new SimulatedKernel(parseHostDescription(readFileSync(description, 'utf8')));
    writeTree(this.#kernel, this.#root, { delivered: true });
    this.#env = {
      ...process.env,
      SIMULATED_KERNEL: this.#root,
      NODE_OPTIONS: `--require=${JSON.stringify(resolve('scripts/simulated-kernel.cjs'))}`,
      ...(colour ? {} : { NO_COLOR: '1' }),
    };
  }

  /** Runs a command on this host and returns its output. */
  run(name, ...words) {
    const options = { env: this.#env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
    return spawnSync(process.execPath, [PROGRAM, name, '--root', this.#root, ...words], options).stdout;
  }

  /** Enforces the policies of a guest and returns a table: where each interrupt was delivered, and where it is now. */
  enforceAndCompare(domain) {
    const read = () => JSON.parse(this.run('status', '--json', domain)).domains.flatMap(({ devices }) => devices);
    const before = read();
    this.run('enforce', domain);
    return compare(before, read());
  }

  /** Starts the watcher and reboots the guest while it runs. libvirt is unreachable: it does not know this guest. */
  async watchReboot(xml, print) {
    const words = [PROGRAM, 'watch', '--root', this.#root, '--connect', 'none:///'];
    this.#watcher = spawn(process.execPath, words, { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#watcher.stderr.setEncoding('utf8').on('data', (text) => {
      this.#output += text;
      for (const line of text.split('\n')) if (line.includes(': placed')) print(`${line}\n`);
    });
    const spool = join(this.#root, 'run/hostdev-cpuset/spool');
    await this.#until(() => existsSync(spool));
    // As the libvirt hook writes it for the watcher when a guest has started.
    const left = join(this.#root, 'call');
    writeFileSync(left, `started\n${xml}`);
    renameSync(left, join(spool, /<uuid>(.*?)</.exec(xml)[1]));
    await this.#until(() => this.#managedCount() > 0);
    print(`(the guest reboots: ${DEVICE} gives up IRQ 50 and 51, and gets 70 and 71)\n`);
    this.#reboot();
    await this.#until(() => /IRQ 70(?:-|[\s\S]*IRQ )71/.test(this.#output) && this.#managedCount() === 3);
  }

  async remove() {
    if (this.#watcher?.exitCode === null) {
      const ended = new Promise((done) => this.#watcher.on('close', done));
      this.#watcher.kill();
      await ended;
    }
    rmSync(this.#root, { recursive: true });
  }

  #reboot() {
    for (const irq of this.#kernel.interrupts.keys()) {
      const mask = join(this.#root, `proc/irq/${irq}/smp_affinity`);
      const { managed } = this.#kernel.interrupts.get(irq);
      if (existsSync(mask) && !managed) this.#kernel.writeAffinity(irq, readFileSync(mask, 'utf8'));
    }
    const gone = [50, 51, 52].flatMap((irq) => [`proc/irq/${irq}`, `sys/kernel/irq/${irq}`]);
    for (const name of [`sys/bus/pci/devices/${DEVICE}/msi_irqs`, ...gone])
      rmSync(join(this.#root, name), { recursive: true, force: true });
    this.#kernel.enableVectors(DEVICE, [70, 71]);
    writeTree(this.#kernel, this.#root, { delivered: true });
  }

  /** Number of managed interrupts, from the watcher's status file. The watcher writes it every second. */
  #managedCount() {
    const path = join(this.#root, 'run/hostdev-cpuset/watch.json');
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).counters.interrupts : 0;
  }

  async #until(condition) {
    for (const end = Date.now() + TIMEOUT_MS; !condition(); await sleep(20))
      if (Date.now() > end || this.#watcher.exitCode !== null)
        throw new Error(`the watcher did not place the interrupts in time:\n${this.#output}`);
  }
}

function compare(before, after) {
  const place = ({ effective, remote }) => `CPU ${effective}${remote ? ', other node' : ''}`;
  const rows = after.flatMap(({ address, numaNode, interrupts }, i) =>
    interrupts.map((one, j) => [
      `${address}, node ${numaNode}`,
      `${one.vector}`,
      place(before[i].interrupts[j]),
      place(one),
      Number.isInteger(one.vcpu) ? `${one.vcpu}` : 'all on the node',
    ]),
  );
  const table = [['DEVICE', 'VECTOR', 'BEFORE', 'AFTER', 'FOR VCPU'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
