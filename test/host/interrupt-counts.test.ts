import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInterruptCounts } from '../../src/host/interrupt-counts.js';
import { FixedFiles } from './fixed-files.js';

const counts = suite('interrupt counts');

const POSSIBLE = { '/sys/devices/system/cpu/possible': '0-1,4,6\n' };
/** CPU 6 is offline. */
const TABLE = {
  '/proc/interrupts': `            CPU0       CPU1       CPU4       
   9:          3          0          0   IO-APIC   9-fasteoi   acpi
1041:          0         17 4294967295  IR-PCI-MSIX-0000:82:00.0    0-edge      vfio-msix[0](0000:82:00.0)
1042:          0          0          0  IR-PCI-MSI 1048577-edge      vfio-msi[0](0000:82:00.1)
 NMI:          5          6          7   Non-maskable interrupts
 ERR:          0
`,
};

counts('/sys/kernel/irq has counts per possible CPU', () => {
  const files = new FixedFiles({ ...POSSIBLE, '/sys/kernel/irq/1041/per_cpu_count': '0,17,0,9\n' });
  assert.equal(readInterruptCounts(files, [1041]), new Map([[1041, { 1: 17, 6: 9 }]]));
});

counts('/proc/interrupts has counts per online CPU; only requested IRQs are returned', () => {
  const files = new FixedFiles({ ...POSSIBLE, ...TABLE });
  const expected = new Map([
    [1041, { 1: 17, 4: 4294967295 }],
    [1042, {}],
  ]);
  assert.equal(readInterruptCounts(files, [1041, 1042, 77]), expected);
});

counts('a text that was truncated or has the wrong number of CPUs is not used', () => {
  for (const cut of ['0,17,0,9', '0,17\n', '', '0,,0,9\n', '0,17,0,9,1\n']) {
    const files = new FixedFiles({ ...POSSIBLE, ...TABLE, '/sys/kernel/irq/1041/per_cpu_count': cut });
    assert.equal(readInterruptCounts(files, [1041]), new Map([[1041, { 1: 17, 4: 4294967295 }]]), JSON.stringify(cut));
  }
});

counts('/proc/interrupts is not read if it is not needed', () => {
  const read: string[] = [];
  class Watched extends FixedFiles {
    override read(path: string) {
      read.push(path);
      return super.read(path);
    }
  }
  const files = new Watched({ ...POSSIBLE, ...TABLE, '/sys/kernel/irq/1041/per_cpu_count': '0,17,0,9\n' });
  readInterruptCounts(files, [1041]);
  assert.not.ok(read.includes('/proc/interrupts'));
});

counts('where the table is not to be read, what it alone has is missing', () => {
  const files = new FixedFiles({ ...POSSIBLE, ...TABLE, '/sys/kernel/irq/1041/per_cpu_count': '0,17,0,9\n' });
  assert.equal([...readInterruptCounts(files, [1041, 77], false).keys()], [1041]);
});

counts('a host may have no counts', () => {
  assert.equal(readInterruptCounts(new FixedFiles({}), [41]), new Map());
});

counts.run();
