import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IrqbalanceDeviceList } from '../../src/runtime/irqbalance-device-list.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

const test = suite('policy for irqbalance');
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

/** The script's answer: `ban` with status 0, nothing with status 1. */
async function asked(device: string, irq: number | string): Promise<boolean> {
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

test('bans what is held, and nothing else', async () => {
  assert.not(await asked(device(VECTORS), 40), 'without the file');
  devices.write(new Set([VECTORS]));
  assert.ok(await asked(device(VECTORS), 40));
  assert.not(await asked(device(LINE), 16));
  assert.not(await asked('/sys', 40), 'an interrupt of no device');
  assert.not(await asked(device('0000:06:12.4'), 40));
  assert.not(await asked(device('0000:06:12.*'), 40));
  assert.not(await asked(device(VECTORS), 'x'));
  devices.remove();
  assert.not(await asked(device(VECTORS), 40));
});

test('a legacy line is banned only where it is the device’s alone', async () => {
  devices.write(new Set([LINE, VECTORS]));
  assert.ok(await asked(device(LINE), 16));
  for (const handlers of [`vfio-intx(${LINE}),ehci_hcd:usb1`, 'vfio-intx(0000:07:00.1)', 'ehci_hcd', '']) {
    root.write('sys/kernel/irq/16/actions', `${handlers}\n`);
    assert.not(await asked(device(LINE), 16), handlers);
  }
});

test('the file is the addresses, sorted, a line each, for root alone', () => {
  devices.write(new Set([LINE, VECTORS]));
  assert.is(readFileSync(file(), 'utf8'), `${VECTORS}\n${LINE}\n`);
  devices.write(new Set());
  assert.not(existsSync(file()));
  devices.remove();
});

test('what is no address is refused, and a folder that is a link, too', () => {
  assert.throws(() => devices.write(new Set(['../../etc/passwd'])), /not an address/);
  mkdirSync(root.join('elsewhere'));
  symlinkSync(root.join('elsewhere'), root.join('run/hostdev-cpuset'));
  assert.throws(() => devices.write(new Set([LINE])), /ENOTDIR/);
});

test.run();
