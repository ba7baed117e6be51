import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { comparisonTable } from './inside/comparison-table.js';
import { DeliveryCounts } from './inside/delivery-counts.js';

const test = suite('counts of delivered interrupts');

const CARD = '0000:83:00.0';
const OTHER = '0000:84:00.0';

/** /proc/interrupts of kernel 6.1 with four CPUs. */
const table = (...rows: [irq: number, counts: string, name: string][]) =>
  [
    '            CPU0       CPU1       CPU2       CPU3       ',
    '   0:         44          0          0          0  IR-IO-APIC    2-edge      timer',
    ...rows.map(([irq, counts, name]) => ` ${irq}: ${counts}  IR-PCI-MSI 69206016-edge      ${name}`),
    ' LOC:       5571       4813       5117       4650   Local timer interrupts',
    '',
  ].join('\n');

function counted(...tables: string[]): DeliveryCounts {
  const counts = new DeliveryCounts(() => tables.shift() as string);
  counts.begin();
  while (tables.length > 0) counts.take([1, 3], [2, 3]);
  return counts;
}

test('what was delivered since the beginning counts, by device and CPU', () => {
  const counts = counted(
    table([41, '7 7 7 7', `vfio-msix[0](${CARD})`], [42, '9 9 9 9', `vfio-msix[0](${OTHER})`]),
    table([41, '8 10 7 7', `vfio-msix[0](${CARD})`], [42, '9 9 11 9', `vfio-msix[0](${OTHER})`]),
    table([41, '8 10 7 17', `vfio-msix[0](${CARD})`], [42, '9 9 11 9', `vfio-msix[0](${OTHER})`]),
  );
  assert.equal(counts.of(CARD), { all: 14, offVcpus: 1, offNode: 4, either: 4 });
  assert.equal(counts.of(OTHER), { all: 2, offVcpus: 2, offNode: 0, either: 2 });
});

test('an interrupt that appears later counts from 0, also with the number of another device', () => {
  const counts = counted(
    table([41, '0 0 500 0', `vfio-msix[0](${CARD})`]),
    table([41, '3 0 0 0', `vfio-msix[1](${OTHER})`], [43, '0 0 4 0', `vfio-msix[2](${CARD})`]),
  );
  assert.equal(counts.of(CARD), { all: 4, offVcpus: 4, offNode: 0, either: 4 });
  assert.equal(counts.of(OTHER), { all: 3, offVcpus: 3, offNode: 3, either: 3 });
});

test('interrupts of the host and other handlers of VFIO do not count', () => {
  const counts = counted(
    table([41, '1 1 1 1', 'eth0-rx-0'], [42, '1 1 1 1', `vfio-intx(${CARD})`]),
    table([41, '5 5 5 5', 'eth0-rx-0'], [42, '5 5 5 5', `vfio-intx(${CARD})`]),
  );
  assert.equal(counts.of(CARD), { all: 0, offVcpus: 0, offNode: 0, either: 0 });
});

test('the table has numbers and shares', () => {
  const results = [
    { name: 'nothing', delivered: { all: 1600, offVcpus: 800, offNode: 40, either: 820 } },
    { name: 'a loop', delivered: { all: 1600, offVcpus: 1, offNode: 0, either: 1 } },
  ];
  assert.is(
    comparisonTable(results),
    `placed by  interrupts  off the vCPUs' CPUs  off the device's node        either
nothing          1600         800 (50.0 %)             40 (2.5 %)  820 (51.3 %)
a loop           1600            1 (0.1 %)              0 (0.0 %)     1 (0.1 %)
`,
  );
});

test.run();
