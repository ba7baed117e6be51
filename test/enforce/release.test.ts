import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { releaseDomain } from '../../src/affinity/release.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import type { DeviceDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { A, AfterWrite, B, C, guest, hostdev, hostOf, Simulated, UUID, vfio } from './simulated-pass.js';

/** Rule 6: on stop, nothing is left behind. */
const releases = suite('release of a domain');
let folder: TemporaryFolder;
releases.before.each(() => {
  folder = new TemporaryFolder();
});
releases.after.each(() => folder.remove());

const list = (text: string) => parseCpuList(text) as Cpuset;
const line = (irq: number, address = A): DeviceDescription => ({
  address,
  driver: 'vfio-pci',
  interrupts: [{ irq, type: 'intx', affinity: '0-5' }],
});

/** A line that we moved to 2-3, back with the host's driver: a line keeps its mask. */
function ended(...devices: DeviceDescription[]): { pass: Simulated; kernel: SimulatedKernel } {
  const kernel = hostOf(devices);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(devices.map(({ address }) => hostdev(address, '2-3')).join('')));
  pass.written();
  for (const { irq, handlers } of kernel.interrupts.values()) handlers.splice(0, 1, `host${irq}`);
  return { pass, kernel };
}
const release = ({ host }: Simulated, files = host.files) => releaseDomain(files, host.state, UUID);
const mask = (kernel: SimulatedKernel, irq: number) => formatCpuset(kernel.interrupts.get(irq)?.affinity ?? []);

releases('a line gets back what it had, though its pass was killed right after the write', () => {
  for (const before of [[], ['4-5']]) {
    const kernel = hostOf([line(16)]);
    for (const cpus of before) new Simulated(kernel, folder.path).enforce(guest(hostdev(A, cpus)));
    const killed = new AfterWrite(kernel, () => {
      throw new RangeError('killed');
    });
    const pass = new Simulated(kernel, folder.path, { files: killed });
    assert.throws(() => pass.enforce(guest(hostdev(A, '2-3'))), /killed/);
    assert.is(mask(kernel, 16), '2-3');
    kernel.bind(A, undefined);
    release(pass);
    assert.equal([mask(kernel, 16), pass.host.state.list()], ['0-5', []]);
  }
});

releases('a line that could not be written is not known of', () => {
  const kernel = hostOf([line(16)]);
  kernel.deny(16, 'EPERM');
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '2-3')));
  assert.equal(pass.host.state.read(UUID)?.lines, []);
});

releases('a line gets back what it had, and the state goes', () => {
  const { pass, kernel } = ended(line(16), line(17, B));
  assert.ok(existsSync(folder.join('run/hostdev-cpuset', `${UUID}.json`)));
  release(pass);
  assert.equal([mask(kernel, 16), mask(kernel, 17)], ['0-5', '0-5']);
  assert.equal(pass.host.state.list(), []);
  release(pass);
  assert.equal(pass.written(), ['16=0-5', '17=0-5'], 'the second time there is nothing to do');
});

releases('it had what stood there before our first write, not before our last', () => {
  const kernel = hostOf([line(16)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '2-3')));
  pass.enforce(guest(hostdev(A, '4')));
  kernel.interrupts.get(16)?.handlers.splice(0, 1, 'ahci');
  release(pass);
  assert.is(mask(kernel, 16), '0-5');
});

releases('a line that somebody else moved since stays where it is', () => {
  const { pass, kernel } = ended(line(16));
  kernel.move(16, list('3-6'));
  release(pass);
  assert.is(mask(kernel, 16), '3-6');
  assert.equal(pass.host.state.list(), []);
});

releases("a line that the host's driver shrank to its node gets back what it had", () => {
  const { pass, kernel } = ended(line(16));
  kernel.shrink(16, list('3'));
  release(pass);
  assert.is(mask(kernel, 16), '0-5');
});

releases("a line that is another guest's by now is left to its policy", () => {
  const { pass, kernel } = ended(line(16));
  kernel.interrupts.get(16)?.handlers.push(`vfio-intx(${C})`);
  release(pass);
  assert.equal(pass.written(), []);
});

releases("vectors are not restored: they went with the guest, and their numbers may be anybody's", () => {
  const { pass } = ended(vfio(A, 41));
  release(pass);
  assert.equal(pass.written(), []);
  assert.equal(pass.host.state.list(), []);
});

releases('a line that is gone, refuses or cannot be read keeps no state alive, nor the next line waiting', () => {
  class Unreadable extends SimulatedFs {
    override read(path: string): string | undefined {
      if (path === '/proc/irq/16/smp_affinity') throw new FileError('EIO', path);
      return super.read(path);
    }
  }
  const cases: [string, (kernel: SimulatedKernel) => SimulatedFs | undefined][] = [
    ['gone', (kernel) => void kernel.detach(A)],
    ['refuses', (kernel) => void kernel.refuse(16, 'EBUSY')],
    ['unreadable', (kernel) => new Unreadable(kernel)],
  ];
  for (const [name, happens] of cases) {
    const { pass, kernel } = ended(line(16), line(17, B));
    release(pass, happens(kernel));
    assert.is(mask(kernel, 17), '0-5', name);
    assert.equal(pass.host.state.list(), [], name);
  }
});

releases('a domain of which nothing is known', () => {
  const pass = new Simulated(hostOf([line(16)]), folder.path);
  release(pass);
  assert.equal(pass.written(), []);
});

releases('a state whose lists are garbage restores nothing', () => {
  const { pass } = ended(line(16));
  for (const [before, cpus] of [
    ['', '2-3'],
    ['x', '2-3'],
    ['0-5', 'x'],
  ] as const) {
    pass.host.state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines: [{ irq: 16, before, cpus }] });
    release(pass);
  }
  assert.equal(pass.written(), []);
});

releases.run();
