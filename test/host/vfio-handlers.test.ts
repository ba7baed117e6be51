import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type PciAddress, parseAddress } from '../../src/domain/address.js';
import { isVfioDriver } from '../../src/host/pci-device.js';
import { vfioOwnership } from '../../src/host/vfio-handlers.js';

const names = suite('names of handlers and drivers');
const address = parseAddress('0000:82:00.0') as PciAddress;

names('the handlers of VFIO for a device', () => {
  for (const [handler, vector] of [
    ['vfio-msix[0](0000:82:00.0)', 0],
    ['vfio-msix[2047](0000:82:00.0)', 2047],
    ['vfio-msi[3](0000:82:00.0)', 3],
    ['vfio-intx(0000:82:00.0)', null],
  ] as const) {
    assert.equal(vfioOwnership([handler], address), { ours: true, vector });
  }
});

names('names that only look like it', () => {
  for (const handler of [
    'vfio-msix[0](0000:82:00.1)',
    'vfio-msix[0](10000:82:00.0)',
    'vfio-msix[](0000:82:00.0)',
    'vfio-msix[-1](0000:82:00.0)',
    'vfio-msix[0](0000:82:00.0) ',
    'xvfio-msix[0](0000:82:00.0)',
    'vfio-msix(0000:82:00.0)',
    'vfio-intx[0](0000:82:00.0)',
    'vfio-intx(0000:82:00.0',
    'vfio-req(0000:82:00.0)',
    '0000:82:00.0',
    '',
  ]) {
    assert.is(vfioOwnership([handler], address).ours, false, handler);
  }
});

names('drivers of VFIO', () => {
  const yes = 'vfio-pci vfio_pci mlx5_vfio_pci vfio-pci-igb hisi_acc_vfio_pci nvgrace-gpu-vfio-pci xe-vfio-pci vfio';
  for (const driver of yes.split(' ')) assert.ok(isVfioDriver(driver), driver);
  for (const driver of [undefined, '', 'nvme', 'pci-stub', 'vfiox-pci', 'novfio']) assert.not(isVfioDriver(driver));
});

names.run();
