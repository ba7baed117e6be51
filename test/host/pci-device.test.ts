import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { readPciDevice, vfioEvidence } from '../../src/host/pci-device.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { FixedFiles } from './fixed-files.js';

const devices = suite('PCI devices');
const ADDRESS = '0000:06:12.5' as PciAddress;
const FOLDER = `/sys/bus/pci/devices/${ADDRESS}`;

function read(members: Record<string, string | FileError>) {
  const paths = Object.entries(members).map(([name, text]) => [`${FOLDER}/${name}`, text]);
  return readPciDevice(new FixedFiles(Object.fromEntries(paths)), ADDRESS);
}

devices('a device that the host lacks is undefined', () => assert.is(read({}), undefined));

devices('MSI-X: vectors are ordered by IRQ, and the line is not in use', () => {
  const device = read({
    irq: '16\n',
    numa_node: '1\n',
    driver: '../../../bus/pci/drivers/mlx5_vfio_pci',
    'msi_irqs/100': 'msix\n',
    'msi_irqs/99': 'msix\n',
  });
  const irqs = [99, 100].map((irq) => ({ irq, type: 'msix' as const }));
  assert.equal(device, { address: ADDRESS, driver: 'mlx5_vfio_pci', vfio: 'yes', numaNode: 1, irqs });
});

devices('MSI without a driver, on an unknown node', () => {
  const device = read({ irq: '40\n', numa_node: '-1\n', 'msi_irqs/40': 'msi\n' });
  const irqs = [{ irq: 40, type: 'msi' as const }];
  assert.equal(device, { address: ADDRESS, driver: undefined, vfio: 'no', numaNode: undefined, irqs });
});

devices('without msi_irqs, or with an empty one, the device has its INTx line', () => {
  assert.equal(read({ irq: '16\n' })?.irqs, [{ irq: 16, type: 'intx' }]);
  class Emptied extends FixedFiles {
    override list(path: string) {
      return path.endsWith('/msi_irqs') ? [] : super.list(path);
    }
  }
  const files = new Emptied({ [`${FOLDER}/irq`]: '16\n' });
  assert.equal(readPciDevice(files, ADDRESS)?.irqs, [{ irq: 16, type: 'intx' }]);
});

devices('a vector that disappears while msi_irqs is read is kept, unless MSI is off', () => {
  class Racing extends FixedFiles {
    override list(path: string) {
      return path.endsWith('/msi_irqs') ? ['41', '42'] : super.list(path);
    }
  }
  const texts = { [`${FOLDER}/irq`]: '16\n', [`${FOLDER}/msi_irqs/42`]: 'msix\n' };
  assert.equal(
    readPciDevice(new Racing(texts), ADDRESS)?.irqs.map(({ irq }) => irq),
    [41, 42],
  );
  assert.equal(readPciDevice(new Racing({ [`${FOLDER}/irq`]: '16\n' }), ADDRESS)?.irqs, [{ irq: 16, type: 'intx' }]);
});

devices(
  'MSI that is disabled during the read: the INTx line is returned, not the former vector in the irq file',
  () => {
    class Disabling extends FixedFiles {
      #isOn = true;
      override list(path: string) {
        return path.endsWith('/msi_irqs') && this.#isOn ? ['40'] : undefined;
      }
      override read(path: string) {
        const isOn = this.#isOn;
        this.#isOn = false;
        if (path === `${FOLDER}/irq`) return isOn ? '40\n' : '16\n';
        return isOn ? super.read(path) : undefined;
      }
    }
    assert.equal(readPciDevice(new Disabling({}), ADDRESS)?.irqs, [{ irq: 16, type: 'intx' }]);
  },
);

for (const text of ['0\n', '2147483648\n', '\n', '-22\n', 'none\n']) {
  devices(`${JSON.stringify(text)} is not an INTx line`, () => assert.equal(read({ irq: text })?.irqs, []));
}

for (const text of ['-1\n', '\n', 'x\n', '4294967295\n']) {
  devices(`${JSON.stringify(text)} is not a node`, () => {
    assert.is(read({ irq: '0\n', numa_node: text })?.numaNode, undefined);
  });
}

devices('numa_node is absent on a host without nodes', () => assert.is(read({ irq: '0\n' })?.numaNode, undefined));

devices('other names in msi_irqs are ignored', () => {
  assert.equal(read({ irq: '16\n', 'msi_irqs/x': 'msix\n', 'msi_irqs/-1': 'msix\n' })?.irqs, [
    { irq: 16, type: 'intx' },
  ]);
});

const evidence = (files: Record<string, string>, driver: string | undefined) =>
  vfioEvidence(new FixedFiles(files), ADDRESS, driver);
const CLASS = { '/sys/class/vfio-dev/vfio3/dev': '511:3\n' };

devices('most VFIO drivers are recognized by name', () => {
  const yes = 'vfio-pci vfio_pci mlx5_vfio_pci vfio-pci-igb hisi_acc_vfio_pci nvgrace-gpu-vfio-pci xe-vfio-pci vfio';
  for (const driver of yes.split(' ')) assert.is(evidence(CLASS, driver), 'yes', driver);
  for (const driver of [undefined, '', 'nvme', 'iavf', 'pci-stub', 'vfiox', 'vfiox-pci', 'novfio']) {
    assert.is(evidence(CLASS, driver), 'no', driver);
  }
});

devices("a vendor's VFIO driver is recognized by the directory vfio-dev", () => {
  const folder = { [`${FOLDER}/vfio-dev/vfio3/dev`]: '511:3\n' };
  assert.is(evidence({ ...CLASS, ...folder }, 'nvidia'), 'yes');
  assert.is(evidence({ ...CLASS, ...folder }, undefined), 'no', 'without a driver it has no handlers');
});

devices('kernels before 6.1 have no such directories: unknown', () => {
  assert.is(evidence({}, 'nvidia'), 'unknown');
  assert.is(evidence({}, undefined), 'no');
});

devices('an unreadable file is an error', () => {
  assert.throws(
    () => read({ irq: new FileError('EACCES', 'irq') }),
    (error: unknown) => error instanceof FileError && error.code === 'EACCES',
  );
});

devices.run();
