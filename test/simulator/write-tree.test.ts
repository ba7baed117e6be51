import { lstatSync, readlinkSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { RealFs } from '../../src/host/real-fs.js';
import { type HostSnapshot, readSnapshot } from '../../src/host/snapshot.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import type { HostDescription } from './description.js';
import { descriptions } from './descriptions.js';
import { SimulatedKernel } from './kernel.js';
import { SimulatedFs } from './kernel-fs.js';
import { writeTree } from './write-tree.js';

const layouts = suite('simulated hosts as directory trees');

/** The files that a tree lacks: effective affinities. */
function withoutDelivery(snapshot: HostSnapshot): HostSnapshot {
  const devices = [...snapshot.devices].map(([address, { device, interrupts }]) => {
    const still = interrupts.map(({ details, ...rest }) => ({
      ...rest,
      details: details && { ...details, effective: undefined },
    }));
    return [address, { device, interrupts: still }] as const;
  });
  return { ...snapshot, devices: new Map(devices) };
}

layouts('src/ reads the same from a kernel and from its tree, for random hosts', () => {
  fc.assert(
    fc.property(descriptions, (description: HostDescription) => {
      const folder = new TemporaryFolder();
      const delivered = new TemporaryFolder();
      try {
        const kernel = new SimulatedKernel(description);
        writeTree(kernel, folder.path);
        writeTree(kernel, delivered.path, { delivered: true });
        const addresses = [...kernel.devices.keys(), '0000:ff:00.0'] as PciAddress[];
        for (const { name, uuid } of [...(description.domains ?? []), { name: 'nobody', uuid: undefined }]) {
          const request = { name, uuid, addresses, counts: true };
          const living = readSnapshot(new SimulatedFs(kernel), request);
          assert.equal(readSnapshot(new RealFs(folder.path), request), withoutDelivery(living));
          assert.equal(readSnapshot(new RealFs(delivered.path), request), living);
          assert.is(living.devices.size, description.devices.length);
        }
      } finally {
        folder.remove();
        delivered.remove();
      }
    }),
    { numRuns: 60 },
  );
});

layouts('a tree can be written over another, and a driver is a link as in sysfs', () => {
  const folder = new TemporaryFolder();
  try {
    const device = { address: '0000:06:12.5', driver: 'iavf' };
    const kernel = new SimulatedKernel({ cpus: { present: '0-3' }, devices: [device] });
    writeTree(kernel, folder.path);
    kernel.bind(device.address, 'vfio-pci');
    writeTree(kernel, folder.path);
    const link = folder.join('sys/bus/pci/devices/0000:06:12.5/driver');
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.is(readlinkSync(link), '../../drivers/vfio-pci');
  } finally {
    folder.remove();
  }
});

layouts('a handler whose name is not a file name is rejected', () => {
  const folder = new TemporaryFolder();
  try {
    const kernel = new SimulatedKernel({
      cpus: { present: '0' },
      devices: [],
      interrupts: [{ irq: 9, handlers: ['../x'] }],
    });
    assert.throws(() => writeTree(kernel, folder.path), /not a file name: "..\/x"/);
  } finally {
    folder.remove();
  }
});

layouts.run();
