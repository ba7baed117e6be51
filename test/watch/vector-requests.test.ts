import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { A, B, guest, hostdev, hostOf, setOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import { ReconciledHost } from './reconciled-host.js';

const test = suite('reconciler: requests without an IRQ');
const OTHER_UUID = UUID.replace(/^./, 'e');
const RUNNING: Partial<HostDescription> = {
  domains: [
    { name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] },
    { name: 'other', uuid: OTHER_UUID, pid: 800, vcpus: [{ vcpu: 0, cpus: '2-3' }] },
  ],
};

/** Two guests with a vector each, long after their start. */
function twoGuests(): ReconciledHost {
  const host = new ReconciledHost(hostOf([vfio(A, 41), vfio(B, 45)], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.add({ ...guest(hostdev(B, '2-3')), name: 'other', uuid: OTHER_UUID });
  host.pass(60_000);
  host.written();
  return host;
}

/** The kernel reports the request before the interrupt has a handler. */
function request(host: ReconciledHost, thread: number, irq: number, address: string): string[] {
  host.kernel.enableVectors(address, [irq], 'msix', 0);
  host.reconciler.vectorsRequested({ threads: [thread], moved: false, at: host.now });
  host.reconciler.run();
  host.kernel.request(address, 0);
  host.pass(5);
  return host.written();
}

test('a new vector of the process is placed within milliseconds', () => {
  assert.equal(request(twoGuests(), 700, 50, A), ['50=2-3']);
});

test('vectors of other processes wait for the poll', () => {
  const host = twoGuests();
  assert.equal(request(host, 700, 50, B), []);
  host.pass(12_000);
  assert.equal(host.written(), ['50=2-3']);
});

test('a legacy line that is not as it was gets a full check within a second', () => {
  const line: DeviceDescription = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] };
  const host = new ReconciledHost(hostOf([line], RUNNING), { traced: true });
  host.add(guest(hostdev(A, '2-3')));
  host.pass(60_000);
  host.written();
  host.kernel.move(16, setOf('0-7'));
  host.reconciler.vectorsRequested({ threads: [700], moved: false, at: host.now });
  host.pass(1000);
  assert.equal(host.written(), ['16=2-3']);
});

test('a request does not lead to a full check of what has not changed', () => {
  const host = twoGuests();
  const due = host.reconciler.due;
  host.reconciler.vectorsRequested({ threads: [700], moved: false, at: host.now });
  host.reconciler.run();
  assert.is(host.reconciler.due, due);
});

test('if the thread has ended, the vectors of all domains are looked at', () => {
  assert.equal(request(twoGuests(), 9999, 50, B), ['50=2-3']);
});

test.run();
