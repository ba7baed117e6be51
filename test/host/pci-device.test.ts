import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { isVfioDriver, readPciDevice } from '../../src/host/pci-device.js';
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
  assert.equal(device, { address: ADDRESS, driver: 'mlx5_vfio_pci', numaNode: 1, irqs });
});

devices('MSI, no driver, a node that the firmware does not name', () => {
  const device = read({ irq: '40\n', numa_node: '-1\n', 'msi_irqs/40': 'msi\n' });
  assert.equal(device, { address: ADDRESS, driver: undefined, numaNode: undefined, irqs: [{ irq: 40, type: 'msi' }] });
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

for (const text of ['0\n', '2147483648\n', '\n', '-22\n', 'none\n']) {
  devices(`${JSON.stringify(text)} is no line`, () => assert.equal(read({ irq: text })?.irqs, []));
}

for (const text of ['-1\n', '\n', 'x\n', '4294967295\n']) {
  devices(`${JSON.stringify(text)} is no node`, () => {
    assert.is(read({ irq: '0\n', numa_node: text })?.numaNode, undefined);
  });
}

devices('a host that has no nodes has no numa_node', () => assert.is(read({ irq: '0\n' })?.numaNode, undefined));

devices('other names in msi_irqs are passed over', () => {
  assert.equal(read({ irq: '16\n', 'msi_irqs/x': 'msix\n', 'msi_irqs/-1': 'msix\n' })?.irqs, [
    { irq: 16, type: 'intx' },
  ]);
});

devices("VFIO's drivers have it in their names", () => {
  for (const driver of ['vfio-pci', 'mlx5_vfio_pci', 'vfio-pci-igb', 'nvgrace_gpu_vfio_pci'])
    assert.ok(isVfioDriver(driver));
  for (const driver of [undefined, '', 'iavf', 'pci-stub', 'vfiox']) assert.not(isVfioDriver(driver));
});

devices('what cannot be read is an error', () => {
  assert.throws(
    () => read({ irq: new FileError('EACCES', 'irq') }),
    (error: unknown) => error instanceof FileError && error.code === 'EACCES',
  );
});

devices.run();
