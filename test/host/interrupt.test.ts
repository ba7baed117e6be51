import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { readHandlers, readInterrupt } from '../../src/host/interrupt.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readDevice } from '../../src/host/snapshot.js';
import { FixedFiles } from './fixed-files.js';

const interrupts = suite('interrupts');
const PROC = '/proc/irq/41';
const SYS = '/sys/kernel/irq/41';

interrupts('masks and handlers are read', () => {
  const interrupt = readInterrupt(
    new FixedFiles({
      [`${PROC}/smp_affinity`]: '0,0000000c\n',
      [`${PROC}/effective_affinity`]: '0,00000004\n',
      [`${SYS}/actions`]: 'vfio-msix[0](0000:06:12.5)\n',
    }),
    41,
  );
  assert.ok(interrupt);
  assert.is(formatCpuset(interrupt.affinity), '2-3');
  assert.is(formatCpuset(interrupt.effective ?? []), '2');
  assert.equal(interrupt.handlers, ['vfio-msix[0](0000:06:12.5)']);
});

interrupts('a vector without a handler is undefined', () => {
  assert.is(readInterrupt(new FixedFiles({ [`${SYS}/actions`]: '' }), 41), undefined);
});

interrupts('a mask of 1,024 CPUs is read, also a second time', () => {
  const mask = `${'ffffffff,'.repeat(31)}fffffffe\n`;
  const files = new FixedFiles({ [`${PROC}/smp_affinity`]: mask });
  for (const _ of [1, 2]) assert.is(formatCpuset(readInterrupt(files, 41)?.affinity ?? []), '1-1023');
});

interrupts('effective_affinity may be absent, or empty while nothing is delivered', () => {
  const texts = { [`${PROC}/smp_affinity`]: 'f\n' };
  assert.is(readInterrupt(new FixedFiles(texts), 41)?.effective, undefined);
  const idle = new FixedFiles({ ...texts, [`${PROC}/effective_affinity`]: '0\n' });
  assert.is(readInterrupt(idle, 41)?.effective, undefined);
});

const actions: [text: string, handlers: string[]][] = [
  ['', []],
  ['\n', []],
  ['acpi\n', ['acpi']],
  ['i801_smbus,vfio-intx(0000:06:12.5)\n', ['i801_smbus', 'vfio-intx(0000:06:12.5)']],
  ['mlx5_comp0@pci:0000:3b:00.0\n', ['mlx5_comp0@pci:0000:3b:00.0']],
  ['a, b\n', ['a', ' b']],
];
for (const [text, handlers] of actions) {
  interrupts(`the actions ${JSON.stringify(text)}`, () => {
    assert.equal(readHandlers(new FixedFiles({ [`${SYS}/actions`]: text }), 41), handlers);
  });
}

interrupts('without /sys/kernel/irq the handlers are the directories in /proc/irq/N', () => {
  const names = ['affinity_hint', 'effective_affinity', 'effective_affinity_list', 'node', 'smp_affinity'];
  const known = [...names, 'smp_affinity_list', 'spurious'].map((name) => [`${PROC}/${name}`, '\n']);
  const files = new FixedFiles({ ...Object.fromEntries(known), [`${PROC}/vfio-intx(0000:06:12.5)/x`]: '' });
  assert.equal(readHandlers(files, 41), ['vfio-intx(0000:06:12.5)']);
});

interrupts('an invalid or unreadable mask is an error', () => {
  for (const text of ['', 'all\n', '0x3\n']) {
    const files = new FixedFiles({ [`${PROC}/smp_affinity`]: text });
    assert.throws(
      () => readInterrupt(files, 41),
      (error: unknown) => error instanceof FileError && error.code === 'EBADMSG',
    );
  }
});

interrupts("an error of one interrupt does not affect the device's others", () => {
  const address = '0000:06:12.5' as PciAddress;
  const folder = `/sys/bus/pci/devices/${address}`;
  const snapshot = readDevice(
    new FixedFiles({
      [`${folder}/irq`]: '0\n',
      [`${folder}/msi_irqs/41`]: 'msix\n',
      [`${folder}/msi_irqs/42`]: 'msix\n',
      [`${PROC}/smp_affinity`]: new FileError('EACCES', `${PROC}/smp_affinity`),
      '/proc/irq/42/smp_affinity': '3\n',
    }),
    address,
  );
  const [first, second] = snapshot?.interrupts ?? [];
  assert.is(first?.error?.code, 'EACCES');
  assert.is(first?.details, undefined);
  assert.is(formatCpuset(second?.details?.affinity ?? []), '0-1');
  assert.is(second?.error, undefined);
});

interrupts.run();
