import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInterruptLines } from '../../src/host/interrupt-table.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { setOf } from '../affinity/simulated-pass.js';
import { FixedFiles } from './fixed-files.js';

const test = suite('interrupt counts of sets of CPUs');
/** CPUs 2 and 3 are offline. */
const TABLE = {
  '/proc/interrupts': `            CPU0       CPU1       CPU4       
   9:          3          0          0   IO-APIC   9-fasteoi   acpi
1041:          0         17 4294967295  IR-PCI-MSIX-0000:82:00.0    0-edge      vfio-msix[0](0000:82:00.0)
1042:          1          2          4  27 Level     arch_timer
 LOC:         10         20         40   Local timer interrupts
 PIN:          1          1          1   Posted-interrupt notification event
 ERR:          5
 MIS:          0
IPI0:          1          2          3  Rescheduling interrupts
`,
};

test('each set has the sums over its online CPUs, and the descriptions', () => {
  const [first, second] = readInterruptLines(new FixedFiles(TABLE), [setOf('1-4'), setOf('0')]) ?? [];
  assert.equal(
    [...(first ?? [])],
    [
      ['9', { count: 0, description: 'IO-APIC 9-fasteoi acpi' }],
      ['1041', { count: 4294967312, description: 'IR-PCI-MSIX-0000:82:00.0 0-edge vfio-msix[0](0000:82:00.0)' }],
      ['1042', { count: 6, description: '27 Level arch_timer' }],
      ['LOC', { count: 60, description: 'Local timer interrupts' }],
      ['PIN', { count: 2, description: 'Posted-interrupt notification event' }],
      ['IPI0', { count: 5, description: 'Rescheduling interrupts' }],
    ],
  );
  assert.is(second?.get('LOC')?.count, 10);
});

test('no set, an empty set and a host without /proc/interrupts are accepted', () => {
  assert.equal(readInterruptLines(new FixedFiles(TABLE), []), []);
  assert.is(readInterruptLines(new FixedFiles(TABLE), [[]])?.[0]?.get('LOC')?.count, 0);
  assert.is(readInterruptLines(new FixedFiles({}), [setOf('0')]), undefined);
});

test('a table that this user cannot read is unknown, not empty; a bug is thrown', () => {
  const failing = (error: Error) => {
    class Failing extends FixedFiles {
      override read(): string | undefined {
        throw error;
      }
    }
    return () => readInterruptLines(new Failing({}), [setOf('0')]);
  };
  assert.is(failing(new FileError('EACCES', '/proc/interrupts'))(), undefined);
  assert.throws(failing(new RangeError('a bug')), 'a bug');
});

test.run();
