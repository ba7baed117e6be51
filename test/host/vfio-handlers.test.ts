import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type PciAddress, parseAddress } from '../../src/domain/address.js';
import { vfioOwnership } from '../../src/host/vfio-handlers.js';

const names = suite('names of VFIO handlers');
const address = parseAddress('0000:82:00.0') as PciAddress;

names("VFIO's handlers for a device are recognized", () => {
  for (const [handler, type, vector] of [
    ['vfio-msix[0](0000:82:00.0)', 'msix', 0],
    ['vfio-msix[2047](0000:82:00.0)', 'msix', 2047],
    ['vfio-msi[3](0000:82:00.0)', 'msi', 3],
    ['vfio-intx(0000:82:00.0)', 'intx', null],
  ] as const) {
    assert.equal(vfioOwnership([handler], address), { ours: true, type, vector });
  }
});

names("names that only look like VFIO's handlers are not", () => {
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

names.run();
