import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import { guest, hostdev, hostOf, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { HeldHost, told } from './reconciled-host.js';

const without = suite('domains whose QEMU is not found');
const ADDRESSES = Array.from({ length: 20 }, (_, index) => `0000:${(index + 16).toString(16)}:00.0`);

/** Guests with a device each, none of which runs, and what of the host is accessed. */
function host(count: number) {
  const addresses = ADDRESSES.slice(0, count);
  const kernel = hostOf(addresses.map((address, index) => vfio(address, 100 + index)));
  const accessed: string[] = [];
  const held = new HeldHost(kernel, { files: new SimulatedFs(kernel, (_, path) => void accessed.push(path)) });
  const guests = addresses.map(
    (address, index): PlainDefinition => ({
      ...guest(hostdev(address, 'auto')),
      name: `guest-${index}`,
      uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    }),
  );
  for (const definition of guests) held.hold.add(definition);
  held.hold.run();
  accessed.length = 0;
  return { held, guests, kernel, accessed };
}

without('a look asks once for all of them which processes there are, and nothing else of any of them', () => {
  const [few, many] = [2, 20].map((count) => {
    const { held, accessed } = host(count);
    held.pass(100);
    return accessed;
  });
  assert.equal(many, few);
  assert.is(many?.filter((path) => path.startsWith('/run')).length, 1);
});

without('after the busy time they are looked at like all others', () => {
  const { held, accessed } = host(2);
  held.pass(120_000);
  assert.is(held.hold.due - held.now, 1000);
  accessed.length = 0;
  held.pass(10_000);
  assert.is(accessed.filter((path) => path === '/run/libvirt/qemu').length, 10);
});

without('one that is there is placed within an interval', () => {
  const { held, guests, kernel } = host(20);
  held.pass(120_000);
  const { name, uuid = '' } = guests[7] as PlainDefinition;
  kernel.processes.start({ name, uuid, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] });
  assert.equal(told(...held.pass(1000)), ['placed 107: 0-7 -> 2-3']);
});

without.run();
