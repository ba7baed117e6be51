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

devices('a device that the host does not have', () => assert.is(read({}), undefined));

devices('MSI-X: the vectors in the order of their numbers, the line is not in use', () => {
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

devices('MSI, no driver, a node that the firmware does not name', () => {
  const device = read({ irq: '40\n', numa_node: '-1\n', 'msi_irqs/40': 'msi\n' });
  const irqs = [{ irq: 40, type: 'msi' as const }];
  assert.equal(device, { address: ADDRESS, driver: undefined, vfio: 'no', numaNode: undefined, irqs });
});

devices('no folder msi_irqs, or an empty one: the line', () => {
  assert.equal(read({ irq: '16\n' })?.irqs, [{ irq: 16, type: 'intx' }]);
  class Emptied extends FixedFiles {
    override list(path: string) {
      return path.endsWith('/msi_irqs') ? [] : super.list(path);
    }
  }
  const files = new Emptied({ [`${FOLDER}/irq`]: '16\n' });
  assert.equal(readPciDevice(files, ADDRESS)?.irqs, [{ irq: 16, type: 'intx' }]);
});

devices('a vector that went while its folder was read', () => {
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
  'MSI that is disabled while the device is read: its line, and not the vector that the file of the line named before',
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
  devices(`${JSON.stringify(text)} is no line`, () => assert.equal(read({ irq: text })?.irqs, []));
}

for (const text of ['-1\n', '\n', 'x\n', '4294967295\n']) {
  devices(`${JSON.stringify(text)} is no node`, () => {
    assert.is(read({ irq: '0\n', numa_node: text })?.numaNode, undefined);
  });
}

devices('a host that has no nodes has no numa_node', () => assert.is(read({ irq: '0\n' })?.numaNode, undefined));

devices('other names in msi_irqs are ignored', () => {
  assert.equal(read({ irq: '16\n', 'msi_irqs/x': 'msix\n', 'msi_irqs/-1': 'msix\n' })?.irqs, [
    { irq: 16, type: 'intx' },
  ]);
});

const evidence = (files: Record<string, string>, driver: string | undefined) =>
  vfioEvidence(new FixedFiles(files), ADDRESS, driver);
const CLASS = { '/sys/class/vfio-dev/vfio3/dev': '511:3\n' };

devices('most VFIO drivers have it in their names', () => {
  const yes = 'vfio-pci vfio_pci mlx5_vfio_pci vfio-pci-igb hisi_acc_vfio_pci nvgrace-gpu-vfio-pci xe-vfio-pci vfio';
  for (const driver of yes.split(' ')) assert.is(evidence(CLASS, driver), 'yes', driver);
  for (const driver of [undefined, '', 'nvme', 'iavf', 'pci-stub', 'vfiox', 'vfiox-pci', 'novfio']) {
    assert.is(evidence(CLASS, driver), 'no', driver);
  }
});

devices("a vendor's VFIO driver of any name has the folder vfio-dev", () => {
  const folder = { [`${FOLDER}/vfio-dev/vfio3/dev`]: '511:3\n' };
  assert.is(evidence({ ...CLASS, ...folder }, 'nvidia'), 'yes');
  assert.is(evidence({ ...CLASS, ...folder }, undefined), 'no', 'without a driver nobody handles its interrupts');
});

devices('before 6.1 the kernel has no such folders, and the names of handlers decide', () => {
  assert.is(evidence({}, 'nvidia'), 'unknown');
  assert.is(evidence({}, undefined), 'no');
});

devices('what cannot be read is an error', () => {
  assert.throws(
    () => read({ irq: new FileError('EACCES', 'irq') }),
    (error: unknown) => error instanceof FileError && error.code === 'EACCES',
  );
});

devices.run();
