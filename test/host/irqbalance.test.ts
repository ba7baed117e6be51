import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Irqbalance, isBanned, readIrqbalance } from '../../src/host/irqbalance.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { RealFs } from '../../src/host/real-fs.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { writeTree } from '../simulator/write-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { FixedFiles } from './fixed-files.js';

const test = suite('irqbalance');

/** A process as in /proc: every word ends with NUL. */
function process(pid: number, comm: string, ...words: string[]): Record<string, string> {
  const cmdline = words.map((word) => `${word}\0`).join('');
  const status = `Name:\t${comm}\nUid:\t0\t0\t0\t0\n`;
  return { [`/proc/${pid}/comm`]: `${comm}\n`, [`/proc/${pid}/cmdline`]: cmdline, [`/proc/${pid}/status`]: status };
}

function parsed(...words: string[]): Omit<Irqbalance, 'pid'> {
  const found = readIrqbalance(new FixedFiles(process(812, 'irqbalance', '/usr/sbin/irqbalance', ...words)));
  assert.is(found?.pid, 812);
  const { pid, ...rest } = found as Irqbalance;
  return rest;
}

const NOTHING = { bannedIrqs: new Set<number>(), bannedModules: [], policyScript: undefined };

const LINES: [words: string[], parsed: Partial<Omit<Irqbalance, 'pid'>>][] = [
  [[], {}],
  [['--foreground', '--interval=10', '--journal', '--deepestcache=2', '--migrateval', '5'], {}],
  [['--banirq=5'], { bannedIrqs: new Set([5]) }],
  [['--banirq', '5'], { bannedIrqs: new Set([5]) }],
  [['-i', '5'], { bannedIrqs: new Set([5]) }],
  [['-i5'], { bannedIrqs: new Set([5]) }],
  [['-fi5'], { bannedIrqs: new Set([5]) }],
  [['-fji', '5'], { bannedIrqs: new Set([5]) }],
  [['--banirq=5', '-i', '6', '--banirq', '7', '--banirq=5'], { bannedIrqs: new Set([5, 6, 7]) }],
  [['--banirq='], {}],
  [['--banirq=five', '-i', '0x5'], {}],
  [['--banirq'], {}],
  [['-m', 'vfio'], { bannedModules: ['vfio'] }],
  [['-mvfio'], { bannedModules: ['vfio'] }],
  [['--banmod', 'vfio'], { bannedModules: ['vfio'] }],
  [['--banmod=vfio', '--banmod=nvme'], { bannedModules: ['vfio', 'nvme'] }],
  // An empty text is a substring of every name.
  [['--banmod='], {}],
  [['--banmod', ''], {}],
  [['--policyscript=/x'], { policyScript: '/x' }],
  [['--policyscript', '/x'], { policyScript: '/x' }],
  [['-l', '/x'], { policyScript: '/x' }],
  [['--policyscripts=/x', '--banirqs=5', '--banmodule=vfio'], {}],
  [
    ['-f', '-i', '5', '-m', 'vfio', '-l', '/x'],
    { bannedIrqs: new Set([5]), bannedModules: ['vfio'], policyScript: '/x' },
  ],
];

for (const [words, expected] of LINES) {
  test(`irqbalance ${words.join(' ')}`, () => assert.equal(parsed(...words), { ...NOTHING, ...expected }));
}

test('without an irqbalance the result is undefined', () => {
  assert.is(readIrqbalance(new FixedFiles({})), undefined);
  const others = { ...process(7, 'irqbalance-ui', 'irqbalance-ui'), ...process(8, 'sh', 'sh', '-c', 'irqbalance') };
  const notProcesses = {
    '/proc/self/comm': 'irqbalance\n',
    '/proc/012/comm': 'irqbalance\n',
    '/proc/irq/9/acpi/x': '',
  };
  assert.is(readIrqbalance(new FixedFiles({ ...others, ...notProcesses })), undefined);
});

test('a process of an ordinary user that calls itself irqbalance is none, and its command line is not read', () => {
  for (const uids of ['1000\t1000\t1000\t1000', '0\t1000\t0\t1000']) {
    const status = { '/proc/700/status': `Name:\tirqbalance\nUid:\t${uids}\n` };
    const liar = { ...process(700, 'irqbalance', 'irqbalance', '--policyscript=/x'), ...status };
    const files = new FixedFiles({ ...liar, '/proc/700/cmdline': new FileError('EIO', 'cmdline') });
    assert.is(readIrqbalance(files), undefined);
  }
});

test('irqbalance is found among other processes', () => {
  const files = new FixedFiles({
    ...process(1, 'systemd', '/sbin/init', '--banirq=1'),
    ...process(7, 'irqbalance-ui', 'irqbalance-ui', '--banirq=7'),
    ...process(812, 'irqbalance', 'irqbalance', '--banirq=5'),
  });
  assert.equal(readIrqbalance(files), { pid: 812, ...NOTHING, bannedIrqs: new Set([5]) });
});

test('an irqbalance that ends between reading its name and its command line has no options', () => {
  const { '/proc/812/cmdline': _, ...without } = process(812, 'irqbalance');
  assert.equal(readIrqbalance(new FixedFiles(without)), { pid: 812, ...NOTHING });
});

test('a simulated irqbalance is read like a real one, from memory and from a tree', () => {
  const description: HostDescription = {
    cpus: { present: '0-3' },
    devices: [],
    processes: [
      { pid: 7, command: 'irqbalance-ui', arguments: ['-i', '9'] },
      { pid: 812, command: 'irqbalance', arguments: ['--foreground', '-i', '5', '--banmod=vfio', ''] },
    ],
  };
  const kernel = new SimulatedKernel(description);
  const expected = { pid: 812, ...NOTHING, bannedIrqs: new Set([5]), bannedModules: ['vfio'] };
  assert.equal(readIrqbalance(new SimulatedFs(kernel)), expected);
  const folder = new TemporaryFolder();
  try {
    writeTree(kernel, folder.path);
    assert.equal(readIrqbalance(new RealFs(folder.path)), expected);
  } finally {
    folder.remove();
  }
});

const BANS: [parsed: Partial<Irqbalance>, irq: number | undefined, driver: string, banned: boolean][] = [
  [{}, 5, 'vfio-pci', false],
  [{ bannedIrqs: new Set([5]) }, 5, 'vfio-pci', true],
  [{ bannedIrqs: new Set([5]) }, 6, 'vfio-pci', false],
  [{ bannedIrqs: new Set([5]) }, undefined, 'vfio-pci', false],
  [{ bannedModules: ['vfio'] }, 6, 'mlx5_vfio_pci', true],
  [{ bannedModules: ['vfio'] }, undefined, 'vfio-pci', true],
  [{ bannedModules: ['vfio-pci'] }, 6, 'mlx5_vfio_pci', false],
  [{ bannedModules: ['nvme', 'vfio'] }, 6, 'vfio-pci', true],
  [{ policyScript: '/x' }, undefined, 'vfio-pci', true],
];

for (const [options, irq, driver, banned] of BANS) {
  const [[option] = ['nothing']] = [Object.keys(options)];
  test(`${option} for IRQ ${irq} of ${driver}: ${banned ? 'banned' : 'not banned'}`, () => {
    assert.is(isBanned({ pid: 812, ...NOTHING, ...options }, irq, driver), banned);
  });
}

test.run();
