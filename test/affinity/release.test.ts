import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { releaseDomain } from '../../src/affinity/release.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { releaseTexts } from '../../src/report/release-text.js';
import type { DomainState } from '../../src/runtime/domain-state.js';
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

/** An INTx line that was placed on 2-3 and is bound to the host's driver again; a line keeps its mask. */
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

releases("a line that already has its original mask is not written, even if that is within the policy's set", () => {
  const { pass, kernel } = ended({ ...line(16), interrupts: [{ irq: 16, type: 'intx', affinity: '2' }] });
  kernel.move(16, list('2'));
  assert.is(release(pass).restored, 0);
  assert.equal(pass.written(), []);
  assert.is(mask(kernel, 16), '2');
});

/** A pass that is killed right after its first write, for a guest whose device has this policy. */
function killedPass(kernel: SimulatedKernel, cpus: string): Simulated {
  const files = new AfterWrite(kernel, () => {
    throw new RangeError('killed');
  });
  const pass = new Simulated(kernel, folder.path, { files });
  assert.throws(() => pass.enforce(guest(hostdev(A, cpus))), /killed/);
  assert.is(mask(kernel, 16), cpus);
  return pass;
}

releases('a line is restored even if its pass was killed right after the write', () => {
  for (const { before, killed } of [
    { before: [], killed: ['2-3'] },
    { before: ['4-5'], killed: ['2-3'] },
    { before: ['4-5'], killed: ['2-3', '6-7'] },
  ]) {
    const kernel = hostOf([line(16)]);
    const pass = new Simulated(kernel, folder.path);
    for (const cpus of before) pass.enforce(guest(hostdev(A, cpus)));
    for (const cpus of killed) killedPass(kernel, cpus);
    kernel.bind(A, 'ahci');
    release(pass);
    assert.equal([mask(kernel, 16), pass.host.state.list()], ['0-5', []]);
  }
});

releases('a line is restored even if only a part of its cpuset could be written', () => {
  for (const earlier of [[], ['4-5']]) {
    const kernel = hostOf([{ ...line(16), numaNode: 1 }], { nodes: [{ node: 1, cpus: '6-7' }] });
    const pass = new Simulated(kernel, folder.path);
    for (const cpus of earlier) pass.enforce(guest(hostdev(A, cpus)));
    kernel.failNextWrites(16, '', 'EPERM');
    pass.enforce(guest(hostdev(A, '2,6')));
    assert.is(mask(kernel, 16), '6');
    kernel.bind(A, 'ahci');
    release(pass);
    assert.equal([mask(kernel, 16), pass.host.state.list()], ['0-5', []]);
  }
});

releases('a line that has CPUs of two of our sets was moved by somebody else, and is not restored', () => {
  const kernel = hostOf([line(16)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '4-5')));
  killedPass(kernel, '2-3');
  kernel.bind(A, 'ahci');
  kernel.move(16, list('3-4'));
  release(pass);
  assert.equal([mask(kernel, 16), pass.host.state.list()], ['3-4', []]);
});

releases('a line that could not be written is not recorded in the state', () => {
  const kernel = hostOf([line(16)]);
  kernel.failAllWrites(16, 'EPERM');
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '2-3')));
  assert.equal(pass.host.state.read(UUID)?.lines, []);
});

releases('the line is restored and the state deleted', () => {
  const { pass, kernel } = ended(line(16), line(17, B));
  assert.ok(existsSync(folder.join('run/hostdev-cpuset', `${UUID}.json`)));
  release(pass);
  assert.equal([mask(kernel, 16), mask(kernel, 17)], ['0-5', '0-5']);
  assert.equal(pass.host.state.list(), []);
  release(pass);
  assert.equal(pass.written(), ['16=0-5', '17=0-5'], 'a second release does nothing');
});

releases('the mask before the first write is restored, not the one before the last', () => {
  const kernel = hostOf([line(16)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '2-3')));
  pass.enforce(guest(hostdev(A, '4')));
  kernel.interrupts.get(16)?.handlers.splice(0, 1, 'ahci');
  release(pass);
  assert.is(mask(kernel, 16), '0-5');
});

releases('a line that another program moved since is not restored', () => {
  const { pass, kernel } = ended(line(16));
  kernel.move(16, list('3-6'));
  release(pass);
  assert.is(mask(kernel, 16), '3-6');
  assert.equal(pass.host.state.list(), []);
});

releases("a line that the host's driver narrowed to its node is restored", () => {
  const { pass, kernel } = ended(line(16));
  kernel.shrink(16, list('3'));
  release(pass);
  assert.is(mask(kernel, 16), '0-5');
});

releases('a line that belongs to another guest now is not restored', () => {
  const { pass, kernel } = ended(line(16));
  kernel.interrupts.get(16)?.handlers.push(`vfio-intx(${C})`);
  assert.equal(release(pass).kept, []);
  assert.equal(pass.written(), []);
});

releases('vectors are not restored: they ended with the guest, and their IRQs may be reused', () => {
  const { pass } = ended(vfio(A, 41));
  release(pass);
  assert.equal(pass.written(), []);
  assert.equal(pass.host.state.list(), []);
});

releases(
  'a line that is gone, unwritable or unreadable does not prevent deleting the state or restoring the next line',
  () => {
    class Unreadable extends SimulatedFs {
      override read(path: string): string | undefined {
        if (path === '/proc/irq/16/smp_affinity') throw new FileError('EIO', path);
        return super.read(path);
      }
    }
    const cases: [string, (kernel: SimulatedKernel) => SimulatedFs | undefined, kept: number][] = [
      ['gone', (kernel) => void (kernel.interrupts as Map<number, unknown>).delete(16), 0],
      ['goes', (kernel) => void kernel.failNextWrites(16, 'ENOENT'), 0],
      ['refuses', (kernel) => void kernel.failNextWrites(16, 'EBUSY'), 1],
      ['unreadable', (kernel) => new Unreadable(kernel), 1],
    ];
    for (const [name, happens, kept] of cases) {
      const { pass, kernel } = ended(line(16), line(17, B));
      const released = release(pass, happens(kernel));
      assert.equal([released.restored, released.kept.length], [1, kept], name);
      assert.is(mask(kernel, 17), '0-5', name);
      assert.equal(pass.host.state.list(), [], name);
    }
  },
);

releases('errors not caused by the host are thrown', () => {
  const { pass, kernel } = ended(line(16));
  const files = new SimulatedFs(kernel, (_, path) => {
    if (path.endsWith('/enable')) throw new RangeError('a bug');
  });
  assert.throws(() => release(pass, files), 'a bug');
  assert.equal(pass.host.state.list(), [UUID]);
});

releases('without a state nothing is restored', () => {
  const pass = new Simulated(hostOf([line(16)]), folder.path);
  const { restored, kept, isStateUnreadable } = release(pass);
  assert.equal([restored, kept, isStateUnreadable, pass.written()], [0, [], false, []]);
});

releases('a line saved by an older version without its device is not restored, and reported', () => {
  const { pass } = ended(line(16));
  const lines = [{ irq: 16, before: '0-5', cpus: '2-3' }];
  pass.host.state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines });
  assert.equal(release(pass).kept, [{ irq: 16, reason: { code: 'device-unknown' } }]);
  assert.equal(pass.written(), []);
});

releases('a state with invalid CPU lists restores nothing', () => {
  const { pass } = ended(line(16));
  for (const [before, cpus] of [
    ['', '2-3'],
    ['x', '2-3'],
    ['0-5', 'x'],
  ] as const) {
    pass.host.state.write(UUID, {
      schemaVersion: 1,
      name: 'guest',
      written: {},
      lines: [{ irq: 16, address: A, before, cpus }],
    });
    release(pass);
  }
  assert.equal(pass.written(), []);
});

/** The IRQs that release wrote, and the messages about those that it did not. */
const outcome = (pass: Simulated, files = pass.host.files) => {
  const left = releaseTexts(release(pass, files));
  return { written: pass.written(), left };
};
const keeps = (reason: string, irq = 16) => [`IRQ ${irq} of ${A} keeps its affinity: ${reason}`];

/** Frees the IRQ of A's line, as the kernel does for a disabled device whose irq file still names it. */
function freed(): { pass: Simulated; kernel: SimulatedKernel } {
  const kernel = hostOf([line(16)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(guest(hostdev(A, '2-3')));
  assert.equal(pass.written(), ['16=2-3']);
  kernel.freeLine(A);
  assert.not(kernel.interrupts.has(16));
  assert.is(pass.host.files.read(`/sys/bus/pci/devices/${A}/irq`), '16\n');
  return { pass, kernel };
}

releases("an IRQ that is another driver's vector now is not written", () => {
  for (const type of ['msix', 'msi'] as const) {
    const { pass, kernel } = freed();
    kernel.attach({ address: C, driver: 'nvme', interrupts: [{ irq: 16, type, affinity: '2' }] });
    const chip = type === 'msix' ? 'PCI-MSIX' : 'PCI-MSI';
    assert.equal(outcome(pass), { written: [], left: keeps(`it is an MSI now (${chip})`) });
    assert.is(mask(kernel, 16), '2');
  }
});

releases("an IRQ that is a vector of the device's own driver now is not written", () => {
  const { pass, kernel } = freed();
  kernel.bind(A, 'nvme');
  kernel.enableVectors(A, [16], 'msi');
  kernel.move(16, list('2'));
  assert.is(pass.host.files.read(`/sys/bus/pci/devices/${A}/irq`), '16\n', 'with MSI it names the first vector');
  assert.equal(outcome(pass).written, []);
});

releases("an IRQ that is another line's now is not written", () => {
  const { pass, kernel } = freed();
  kernel.attach({ address: C, driver: 'ehci_hcd', interrupts: [{ irq: 16, type: 'intx', affinity: '2' }] });
  const device = kernel.interrupts.get(16);
  if (device) device.input = 21;
  assert.equal(outcome(pass), { written: [], left: keeps('it is input IO-APIC 21 now, and was IO-APIC 16') });
});

releases('a line whose device has another IRQ now is not written', () => {
  const { pass, kernel } = freed();
  kernel.attach({
    address: B,
    driver: 'nvme',
    interrupts: [
      { irq: 24, type: 'msix' },
      { irq: 16, type: 'msix', affinity: '2' },
    ],
  });
  kernel.bind(A, 'ahci');
  assert.equal(outcome(pass), { written: [], left: keeps(`the irq file of ${A} says 25`) });
});

releases("a disabled device's line is written only if it has no handler and its input is unchanged", () => {
  const cases: [string, (kernel: SimulatedKernel) => void, string[]][] = [
    ['idle', () => {}, ['16=0-5']],
    ['handled', (kernel) => kernel.interrupts.get(16)?.handlers.push('ehci_hcd'), []],
  ];
  for (const [name, happens, written] of cases) {
    const { pass, kernel } = ended(line(16));
    kernel.interrupts.get(16)?.handlers.splice(0);
    kernel.bind(A, undefined);
    happens(kernel);
    assert.equal(outcome(pass).written, written, name);
  }
});

releases('a line that another device shares since is restored', () => {
  const { pass, kernel } = ended(line(16));
  kernel.interrupts.get(16)?.handlers.push('ehci_hcd');
  assert.equal(outcome(pass), { written: ['16=0-5'], left: [] });
});

releases('a line whose device was removed from the host is not restored', () => {
  const { pass, kernel } = ended(line(16));
  kernel.detach(A);
  assert.equal(outcome(pass), { written: [], left: keeps(`the host has no device ${A}`) });
});

/** A file system that answers some reads with given texts. */
class Answering extends SimulatedFs {
  constructor(
    kernel: SimulatedKernel,
    private readonly answer: (path: string) => string | undefined | null,
  ) {
    super(kernel);
  }
  override read(path: string): string | undefined {
    const answer = this.answer(path);
    return answer === null ? super.read(path) : answer;
  }
}

releases('any one sign that the IRQ is an MSI suffices', () => {
  const signs: [string, string][] = [
    ['/sys/kernel/irq/16/chip_name', 'ITS-PCI-MSI-0000:08:00.0\n'],
    ['/sys/kernel/irq/16/type', 'edge\n'],
    [`/sys/bus/pci/devices/${C}/msi_irqs/16`, 'msix\n'],
  ];
  for (const [file, text] of signs) {
    const { pass, kernel } = ended(line(16));
    kernel.attach({ address: C, driver: 'nvme' });
    // Without the input, which would differ as well.
    const files = new Answering(kernel, (path) => (path === file ? text : path.endsWith('/hwirq') ? undefined : null));
    pass.host.state.write(UUID, { ...stateOf(pass), lines: [{ irq: 16, address: A, before: '0-5', cpus: '2-3' }] });
    const { written, left } = outcome(pass, files);
    assert.equal([written, left.length], [[], 1], file);
  }
});

releases('a line whose details cannot be read is not restored, and reported', () => {
  for (const file of [`/sys/bus/pci/devices/${A}/irq`, '/sys/kernel/irq/16/type', '/sys/kernel/irq/16/actions']) {
    const { pass, kernel } = ended(line(16));
    const files = new Answering(kernel, (path) => {
      if (path === file) throw new FileError('EIO', path);
      return null;
    });
    assert.equal(outcome(pass, files), { written: [], left: keeps(`${file}: EIO`) });
  }
});

releases('a line whose handlers change during the check is checked again, and left alone if they keep changing', () => {
  const changing = (change: (handlers: string[], looks: number) => void) => {
    const { pass, kernel } = ended(line(16));
    let looks = 0;
    const files = new Answering(kernel, (path) => {
      if (path === '/sys/kernel/irq/16/actions') change(kernel.interrupts.get(16)?.handlers ?? [], ++looks);
      return null;
    });
    return outcome(pass, files);
  };
  const restored = { written: ['16=0-5'], left: [] };
  const once = (change: (handlers: string[]) => void) =>
    changing((handlers, looks) => {
      if (looks === 2) change(handlers);
    });
  assert.equal(
    once((handlers) => handlers.push('ehci_hcd')),
    restored,
  );
  assert.equal(
    once((handlers) => handlers.pop()),
    restored,
    'its driver has released it',
  );
  assert.equal(
    once((handlers) => handlers.splice(0, 1, `vfio-intx(${B})`)),
    { written: [], left: [] },
    'a guest has it',
  );
  assert.equal(
    changing((handlers) => handlers.push('ehci_hcd')),
    { written: [], left: keeps('its handlers are changing') },
  );
});

const stateOf = ({ host }: Simulated) => host.state.read(UUID) as DomainState;

releases('a state of an older version: a line with a recorded write is restored, another is reported', () => {
  for (const written of [{}, { [`16 vfio-intx(${A}) ${A}`]: '2-3' }]) {
    const { pass } = ended(line(16));
    pass.host.state.write(UUID, { ...stateOf(pass), written, lines: [{ irq: 16, before: '0-5', cpus: '2-3' }] });
    const isKnown = Object.keys(written).length > 0;
    const reason = 'the state of an older version does not name its device';
    const left = isKnown ? [] : [`IRQ 16 keeps its affinity: ${reason}`];
    assert.equal(outcome(pass), { written: isKnown ? ['16=0-5'] : [], left });
    assert.equal(pass.host.state.list(), []);
  }
});

releases('a state that cannot be read, e.g. of a newer version, is deleted and reported', () => {
  const { pass } = ended(line(16));
  folder.write(`run/hostdev-cpuset/${UUID}.json`, JSON.stringify({ ...stateOf(pass), schemaVersion: 2 }));
  assert.equal(outcome(pass), { written: [], left: ['INTx lines keep their affinity: the state cannot be read'] });
  assert.equal(pass.host.state.list(), []);
});

releases("an IRQ that became another device's line gets that device's original mask", () => {
  const kernel = hostOf([line(16), { ...line(17, B) }]);
  const pass = new Simulated(kernel, folder.path);
  const own = guest(hostdev(A, '2-3') + hostdev(B, '2-3'));
  pass.enforce(own);
  kernel.freeLine(A);
  kernel.freeLine(B);
  kernel.attach({ address: C, driver: 'nvme', interrupts: [{ irq: 17, type: 'msix' }] });
  for (let irq = 24; irq < 26; irq++)
    kernel.attach({ address: `0000:09:00.${irq - 24}`, interrupts: [{ irq, type: 'msix' }] });
  const before = { ...(kernel.devices.get(B) as { line: number }) };
  kernel.bind(B, 'vfio-pci');
  const { line: now } = kernel.devices.get(B) as { line: number };
  assert.is.not(now, before.line);
  pass.enforce(own);
  const lines = stateOf(pass).lines.filter(({ address }) => address === B);
  assert.equal(
    lines.map(({ irq, before: had }) => [irq, had]),
    [
      [17, '0-5'],
      [now, '0-7'],
    ],
  );
});

releases.run();
