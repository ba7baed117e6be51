import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IrqbalanceDeviceList } from '../../src/runtime/irqbalance-device-list.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

const test = suite('policy script for irqbalance');
const VECTORS = '0000:06:12.5';
const LINE = '0000:07:00.0';
let root: SimulatedRoot;
let devices: IrqbalanceDeviceList;

test.before.each(() => {
  root = new SimulatedRoot();
  devices = new IrqbalanceDeviceList(root.path);
});
test.after.each(() => root.remove());

const file = () => root.join('run/hostdev-cpuset/devices');

/** Runs the script: true for `ban=true` with status 0, false for nothing with status 1. */
async function isBanned(device: string, irq: number | string): Promise<boolean> {
  const text = readFileSync(`${projectRoot}service/irqbalance-policy`, 'utf8').replace(
    "\nroot=''\n",
    `\nroot='${root.path}'\n`,
  );
  const { code, stdout, stderr } = await run('sh', [root.write('policy', text), device, `${irq}`]);
  assert.is(stderr, '');
  assert.equal([code, stdout], code === 0 ? [0, 'ban=true\n'] : [1, '']);
  return code === 0;
}

const device = (address: string) => root.join('sys/bus/pci/devices', address);

test('managed devices are banned, others are not', async () => {
  assert.not(await isBanned(device(VECTORS), 40), 'without the file');
  devices.write(new Set([VECTORS]));
  assert.ok(await isBanned(device(VECTORS), 40));
  assert.not(await isBanned(device(LINE), 16));
  assert.not(await isBanned('/sys', 40), 'an interrupt without a device');
  assert.not(await isBanned(device('0000:06:12.4'), 40));
  assert.not(await isBanned(device('0000:06:12.*'), 40));
  assert.not(await isBanned(device(VECTORS), 'x'));
  devices.remove();
  assert.not(await isBanned(device(VECTORS), 40));
});

test('an INTx line is banned only if it is not shared', async () => {
  devices.write(new Set([LINE, VECTORS]));
  assert.ok(await isBanned(device(LINE), 16));
  for (const handlers of [`vfio-intx(${LINE}),ehci_hcd:usb1`, 'vfio-intx(0000:07:00.1)', 'ehci_hcd', '']) {
    root.write('sys/kernel/irq/16/actions', `${handlers}\n`);
    assert.not(await isBanned(device(LINE), 16), handlers);
  }
});

test('the file lists the addresses in order, one per line, for root only', () => {
  devices.write(new Set([LINE, VECTORS]));
  assert.is(readFileSync(file(), 'utf8'), `${VECTORS}\n${LINE}\n`);
  devices.write(new Set());
  assert.not(existsSync(file()));
  devices.remove();
});

test('an invalid address and a directory that is a symbolic link are rejected', () => {
  assert.throws(() => devices.write(new Set(['../../etc/passwd'])), /not an address/);
  mkdirSync(root.join('elsewhere'));
  symlinkSync(root.join('elsewhere'), root.join('run/hostdev-cpuset'));
  assert.throws(() => devices.write(new Set([LINE])), /ENOTDIR/);
});

test.run();
