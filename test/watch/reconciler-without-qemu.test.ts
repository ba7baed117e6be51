import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import { guest, hostdev, hostOf, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const without = suite('reconciler: domains whose QEMU is not found');
const ADDRESSES = Array.from({ length: 20 }, (_, index) => `0000:${(index + 16).toString(16)}:00.0`);

/** Guests with a device each, none of which runs, and the files that are accessed. */
function hostWith(count: number) {
  const addresses = ADDRESSES.slice(0, count);
  const kernel = hostOf(addresses.map((address, index) => vfio(address, 100 + index)));
  const accessed: string[] = [];
  const host = new ReconciledHost(kernel, { files: new SimulatedFs(kernel, (_, path) => void accessed.push(path)) });
  const guests = addresses.map(
    (address, index): PlainDefinition => ({
      ...guest(hostdev(address, 'auto')),
      name: `guest-${index}`,
      uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    }),
  );
  for (const definition of guests) host.reconciler.add(definition);
  host.reconciler.run();
  accessed.length = 0;
  return { host, guests, kernel, accessed };
}

without('a check lists the processes once for all such domains, and reads nothing else', () => {
  const [few, many] = [2, 20].map((count) => {
    const { host, accessed } = hostWith(count);
    host.pass(100);
    return accessed;
  });
  assert.equal(many, few);
  assert.is(many?.filter((path) => path.startsWith('/run')).length, 1);
});

without('after the first minutes they are polled at the regular interval', () => {
  const { host, accessed } = hostWith(2);
  host.pass(120_000);
  assert.is(host.reconciler.due - host.now, 1000);
  accessed.length = 0;
  host.pass(10_000);
  assert.is(accessed.filter((path) => path === '/run/libvirt/qemu').length, 10);
});

without('a domain whose QEMU appears is placed within an interval', () => {
  const { host, guests, kernel } = hostWith(20);
  host.pass(120_000);
  const { name, uuid = '' } = guests[7] as PlainDefinition;
  kernel.processes.start({ name, uuid, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] });
  assert.equal(changesOf(...host.pass(1000)), ['placed 107: 0-7 -> 2-3']);
});

without.run();
