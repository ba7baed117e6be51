import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { A, B, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { ReconciledHost } from './reconciled-host.js';

const test = suite("each domain's present state, for the metrics");
const CPU0 = parseCpuList('0') ?? [];
const CONTEST = { limit: 1, window: 60_000 };
const FINE = {
  ...{ domain: 'guest', devices: 2, interrupts: 3, misplaced: 0, contested: 0, remote: 0, posted: 0 },
  ...{ unreadable: 0, unreadableDevices: 0 },
};

/** A guest with device A (41, 42) and B (43); files whose path matches `broken.path` cannot be read. */
function watched() {
  const kernel = hostOf([vfio(A, 41, 42), vfio(B, 43)], {
    domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
  });
  const broken: { path?: RegExp | undefined } = {};
  const files = new SimulatedFs(kernel, (_, path) => {
    if (broken.path?.test(path)) throw new FileError('EIO', path);
  });
  const host = new ReconciledHost(kernel, { files, settings: { ...DEFAULT_SETTINGS, contest: CONTEST } });
  const add = () => host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  return { kernel, broken, host, add, counts: () => host.reconciler.domainCounts };
}

test('an interrupt that is moved away is misplaced until it is repaired, longest while it is contested', () => {
  const { kernel, host, add, counts } = watched();
  add();
  assert.equal(counts(), [FINE]);
  kernel.move(41, CPU0);
  host.pass(2000);
  assert.equal(counts(), [FINE], 'it is repaired');
  kernel.move(41, CPU0);
  host.pass(2000);
  assert.equal(counts(), [{ ...FINE, misplaced: 1, contested: 1 }]);
  host.pass(600_000);
  assert.equal(counts(), [FINE]);
});

test('an interrupt that cannot be written is misplaced until it can be', () => {
  const { kernel, host, add, counts } = watched();
  kernel.failAllWrites(42, 'ENOSPC');
  add();
  assert.equal(counts(), [{ ...FINE, misplaced: 1 }]);
  host.reconciler.markDirty({ uuid: UUID });
  host.pass(0);
  assert.equal(counts(), [{ ...FINE, misplaced: 1 }], 'also while the retry waits');
  kernel.failAllWrites(42);
  host.pass(600_000);
  assert.equal(counts(), [FINE]);
});

test('a shared line that is wanted elsewhere is misplaced until somebody has moved it', () => {
  const line = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const, affinity: '0' }] };
  const domains = [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }];
  const kernel = hostOf([line], { domains });
  kernel.interrupts.get(16)?.handlers.push('ahci');
  const host = new ReconciledHost(kernel);
  host.add(guest(hostdev(A, 'auto')));
  const counts = { ...FINE, devices: 1, interrupts: 0 };
  assert.equal(host.reconciler.domainCounts, [{ ...counts, misplaced: 1 }]);
  kernel.move(16, parseCpuList('2') ?? []);
  host.pass(600_000);
  assert.equal(host.reconciler.domainCounts, [counts]);
});

for (const [what, path, expected] of [
  ['the mask of an interrupt', /^\/proc\/irq\/41\/smp_affinity$/, { interrupts: 2, unreadable: 1 }],
  ['a device', new RegExp(`/${A}/msi_irqs$`), { unreadableDevices: 1 }],
  ["the host's CPUs", /^\/sys\/devices\/system\/cpu\/online$/, { unreadableDevices: 2 }],
] as const) {
  test(`${what} cannot be read: counted until it can be`, () => {
    const { broken, host, add, counts } = watched();
    add();
    broken.path = path;
    host.reconciler.markDirty({ uuid: UUID });
    host.pass(0);
    assert.equal(counts(), [{ ...FINE, ...expected }]);
    broken.path = undefined;
    host.pass(600_000);
    assert.equal(counts(), [FINE]);
  });
}

test('where nothing can be read from the beginning all devices of the definition count', () => {
  const { broken, add, counts } = watched();
  broken.path = /^\/sys\/devices\/system\/cpu\/online$/;
  add();
  assert.equal(counts(), [{ ...FINE, devices: 0, interrupts: 0, unreadableDevices: 2 }]);
});

test.run();
