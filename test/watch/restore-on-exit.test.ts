import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OriginalAffinities } from '../../src/affinity/original-affinities.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { RealFs } from '../../src/host/real-fs.js';
import type { DomainState } from '../../src/runtime/domain-state.js';
import { StateStore } from '../../src/runtime/state-store.js';
import type { Placement } from '../../src/watch/reconciler.js';
import { RestoreOnExit } from '../../src/watch/restore-on-exit.js';
import {
  C,
  guest,
  hostdev,
  hostOf,
  NumberGoes,
  UUID as OTHER,
  A as OWN,
  Simulated,
  setOf,
  vfio,
} from '../affinity/simulated-pass.js';
import { SimulatedRoot, UUID } from '../hook/simulated-root.js';

const test = suite('restore on exit');
let root: SimulatedRoot;
let affinities: OriginalAffinities;
test.before.each(() => {
  root = new SimulatedRoot(true);
  affinities = new OriginalAffinities(root.path);
});
test.after.each(() => root.remove());

const A = '0000:06:12.5';
const LINE = '0000:07:00.0';
const place = (irq: number, mask: string, over: Partial<Placement> = {}) => {
  root.write(`proc/irq/${irq}/smp_affinity`, `${mask}\n`);
  const vector = irq - 40;
  const own = { address: A, vector, handler: `vfio-msix[${vector}](${A})` };
  const usual = { domain: 'guest', uuid: UUID, ...own, from: setOf('0-7'), to: setOf('2-3'), target: setOf('2-3') };
  affinities.record([{ ...usual, irq, kind: 'placed', ...over }]);
};
const placeLine = () => place(16, 'c', { address: LINE, vector: null, handler: `vfio-intx(${LINE})` });
/** libvirt reports that the domain runs with these devices. */
const runs = (...addresses: string[]) => affinities.setDevices(UUID, addresses);
const restore = () => {
  if (!isUnconfirmed) runs(A, LINE);
  const { restored } = affinities.restore(new RealFs(root.path));
  affinities.save();
  return restored;
};
let isUnconfirmed = false;
test.before.each(() => {
  isUnconfirmed = false;
});

test('placed interrupts get their original mask; others keep theirs', () => {
  place(40, 'c');
  place(41, 'c', { from: setOf('1') });
  assert.is(restore(), 2);
  assert.equal([root.affinity(40), root.affinity(41), root.affinity(42)], ['0-7', '1', '0-7']);
});

/** The IRQs in restore.json; undefined without the file. */
const recorded = () => {
  const path = root.join('run/hostdev-cpuset/restore.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).map(({ irq }: { irq: number }) => irq) : undefined;
};

test('without records no file is written, and ended vectors are removed from it at once', () => {
  affinities.record([]);
  affinities.record([], [{ uuid: UUID, address: A, irq: 40 }]);
  affinities.forget(UUID);
  runs(A);
  assert.is(recorded(), undefined);
  place(40, 'c', { uuid: null });
  place(40, 'c', { kind: 'failed' });
  assert.ok(!recorded()?.length, 'a domain without a UUID cannot be identified later');
  place(40, 'c');
  place(41, 'c', { kind: 'repaired' });
  assert.equal(recorded(), [40, 41]);
  affinities.record([], [{ uuid: UUID, address: A, irq: 40 }]);
  assert.equal(recorded(), [41]);
});

test('a new vector under the IRQ gets its own original mask, even if the end of the first was not seen', () => {
  place(40, 'c');
  place(40, 'c', { handler: `vfio-msix[7](${A})`, from: setOf('2-3') });
  root.write('sys/kernel/irq/40/actions', `vfio-msix[7](${A})\n`);
  restore();
  assert.is(root.affinity(40), '2-3');
});

test("devices of one domain do not affect another's records; records of devices that it lost are removed", () => {
  place(40, 'c');
  place(50, 'c', { uuid: OTHER, address: C, handler: `vfio-msix[0](${C})` });
  runs(A);
  assert.equal(recorded(), [40, 50]);
  affinities.setDevices(OTHER, []);
  assert.equal(recorded(), [40]);
  place(50, 'c', { uuid: OTHER.replace(/1$/, '2'), address: C, handler: `vfio-msix[0](${C})` });
  affinities.forget(UUID);
  assert.equal(recorded(), [50]);
  affinities.restore(new RealFs(root.path));
  affinities.save();
  assert.equal(recorded(), [50], 'kept for the next watcher, as the domain is not known to run');
});

test('an entry with an invalid IRQ is dropped and counted', () => {
  place(40, 'c');
  const path = root.join('run/hostdev-cpuset/restore.json');
  const [entry] = JSON.parse(readFileSync(path, 'utf8'));
  root.write(
    'run/hostdev-cpuset/restore.json',
    JSON.stringify([entry, { ...entry, irq: 4.5 }, { ...entry, irq: '41' }]),
  );
  assert.is(new OriginalAffinities(root.path).dropped, 2);
});

test('an IRQ that belongs to another device now is neither restored nor reported', () => {
  place(40, 'c');
  root.write('sys/kernel/irq/40/actions', `vfio-msix[0](${C})\n`);
  runs(A);
  const { restored, kept } = affinities.restore(new RealFs(root.path));
  assert.equal([restored, kept, root.affinity(40)], [0, [], '2-3']);
});

test('an INTx line is restored only if its domain is known to run and the line is not shared', () => {
  placeLine();
  const state: DomainState = {
    schemaVersion: 1,
    name: 'guest',
    written: {},
    lines: [{ irq: 16, address: LINE, before: '0-5', cpus: '2-3' }],
  };
  const files = new RealFs(root.path);
  const lines = (one: DomainState = state) => {
    const { restored, kept } = affinities.restoreLines(files, UUID, one);
    return [restored, kept.map(({ reason }) => reason.code)];
  };
  assert.equal(lines(), [0, []], 'not known to run');
  runs(A, LINE);
  affinities.forget(UUID);
  assert.equal(lines(), [0, []], 'has ended');
  runs(A, LINE);
  const actions = readFileSync(root.join('sys/kernel/irq/16/actions'), 'utf8');
  root.write('sys/kernel/irq/16/actions', `${actions.trim()},ahci\n`);
  assert.equal(lines(), [0, []], 'shared');
  root.write('sys/kernel/irq/16/actions', actions);
  const unknown = { ...state, lines: [{ irq: 16, before: '0-5', cpus: '2-3' }] };
  assert.equal(lines(unknown), [0, ['device-unknown']]);
  assert.equal(lines(), [1, []]);
});

test('the original mask is the one before the first write, despite repairs and other sets', () => {
  place(40, 'c');
  place(40, 'c', { kind: 'repaired', from: setOf('6') });
  place(40, '30', { from: setOf('2-3'), to: setOf('4-5') });
  restore();
  assert.is(root.affinity(40), '0-7');
});

test('a new vector under the IRQ gets its own original mask', () => {
  place(40, 'c');
  place(40, 'c', { from: setOf('0') });
  restore();
  assert.is(root.affinity(40), '0');
});

test('an ended vector is forgotten: a new vector with its IRQ and the same mask is not restored', () => {
  place(40, 'c');
  place(41, 'c');
  placeLine();
  const ended = (address: string, irq: number, uuid = UUID) => ({ uuid, address, irq });
  affinities.record([], [ended(A, 40), ended(A, 41, 'another domain'), ended(LINE, 16)]);
  affinities = new OriginalAffinities(root.path);
  assert.is(restore(), 2, 'a line keeps its mask while it has no handler');
  assert.equal([root.affinity(40), root.affinity(41)], ['2-3', '0-7']);
});

test('a new vector under a forgotten IRQ that was placed gets its own original mask', () => {
  place(40, 'c');
  affinities.record([], [{ uuid: UUID, address: A, irq: 40 }]);
  place(40, '10', { from: setOf('2-3'), to: setOf('4') });
  assert.is(restore(), 1);
  assert.is(root.affinity(40), '2-3');
});

test('an interrupt that was moved since, or belongs to another driver now, is not restored', () => {
  place(40, 'c');
  root.move(40, '80');
  place(41, 'c');
  root.write('sys/kernel/irq/41/actions', 'nvme0q1\n');
  place(99, 'c');
  assert.is(restore(), 0);
  assert.equal([root.affinity(40), root.affinity(41)], ['7', '2-3']);
});

test('if hidepid hides QEMU nothing is restored: reported once, and kept for a watcher that sees it', () => {
  const warnings: string[] = [];
  place(40, 'c');
  place(41, 'c');
  const lines = [{ irq: 16, address: LINE, before: '0-7', cpus: '2-3' }];
  root.move(16, 'c');
  const state = new StateStore(root.path);
  state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines });
  const mountinfo = '22 1 0:21 / /proc rw,relatime - proc proc rw,gid=5,hidepid=2\n';
  root.write('proc/self/mountinfo', mountinfo);
  const process = root.join('proc/4000');
  renameSync(process, root.join('hidden'));
  const restoreAll = () => {
    const restorer = new RestoreOnExit(root.path, (text) => warnings.push(text));
    restorer.setDevices(UUID, [A, LINE]);
    return restorer.restore(new RealFs(root.path), state, [UUID]);
  };
  assert.is(restoreAll(), 0);
  const reason = 'cannot read /proc/4000 of QEMU: /proc is mounted with hidepid; the service needs CAP_SYS_PTRACE';
  assert.equal(warnings.splice(0), [
    `2 interrupts keep their affinity: ${reason}`,
    `1 interrupt keeps its affinity: ${reason}`,
  ]);
  renameSync(root.join('hidden'), process);
  assert.equal([restoreAll(), warnings], [3, []]);
  assert.equal([root.affinity(40), root.affinity(41), root.affinity(16)], ['0-7', '0-7', '0-7']);
  assert.equal(state.list(), []);
});

test('an IRQ that goes to another device between check and write is not written', () => {
  const domains = [{ name: 'guest', uuid: UUID, pid: 4000, vcpus: [] }];
  const kernel = hostOf([vfio(OWN, 40)], { domains });
  kernel.writeAffinity(40, 'c');
  place(40, 'c', { address: OWN, handler: `vfio-msix[0](${OWN})` });
  kernel.writes.length = 0;
  runs(OWN);
  assert.is(affinities.restore(new NumberGoes(kernel, 40)).restored, 0);
  assert.equal([kernel.writes, kernel.devices.has(C)], [[], true]);
});

test('an interrupt whose write failed is not restored', () => {
  place(40, 'ff', { kind: 'failed', to: setOf('0-7'), from: setOf('1') });
  assert.is(restore(), 0);
});

test('the next watcher restores what a killed watcher placed', () => {
  place(40, 'c');
  affinities = new OriginalAffinities(root.path);
  assert.is(restore(), 1);
  assert.is(root.affinity(40), '0-7');
  assert.not.ok(existsSync(root.join('run/hostdev-cpuset/restore.json')), 'the file is removed');
});

test('the masks of a domain that ended are forgotten', () => {
  place(40, 'c');
  place(41, 'c', { uuid: 'other' });
  affinities.forget(UUID);
  affinities = new OriginalAffinities(root.path);
  assert.is(restore(), 0);
  assert.equal([root.affinity(40), root.affinity(41)], ['2-3', '2-3']);
});

test("an INTx line is restored, unless the host does not confirm that the IRQ is its device's", () => {
  const cases: [file: string, text: string][] = [
    [`sys/bus/pci/devices/${LINE}/irq`, '17\n'],
    ['sys/kernel/irq/16/type', 'edge\n'],
    ['sys/kernel/irq/16/chip_name', 'PCI-MSI\n'],
    ['sys/kernel/irq/16/actions', `vfio-intx(${LINE}),ehci_hcd\n`],
    ['sys/kernel/irq/16/actions', 'ehci_hcd\n'],
    [`sys/bus/pci/devices/${A}/msi_irqs/16`, 'msix\n'],
  ];
  placeLine();
  assert.is(restore(), 1);
  assert.is(root.affinity(16), '0-7');
  for (const [file, text] of cases) {
    const before = existsSync(root.join(file)) ? readFileSync(root.join(file), 'utf8') : undefined;
    placeLine();
    root.write(file, text);
    assert.is(restore(), 0, file);
    assert.is(root.affinity(16), '2-3', file);
    if (before === undefined) rmSync(root.join(file));
    else root.write(file, before);
  }
});

test('an IRQ that is another vector of the same device now is not restored', () => {
  place(40, 'c');
  for (const handler of [`vfio-msix[1](${A})`, `vfio-msi[0](${A})`]) {
    root.write('sys/kernel/irq/40/actions', `${handler}\n`);
    assert.is(restore(), 0, handler);
    place(40, 'c');
  }
  assert.is(root.affinity(40), '2-3');
});

test('an unplugged device is not restored, as it may belong to another domain', () => {
  place(40, 'c');
  placeLine();
  isUnconfirmed = true;
  runs(LINE);
  assert.is(restore(), 1);
  assert.equal([root.affinity(40), root.affinity(16)], ['2-3', '0-7']);
});

test('a domain without a running QEMU is not restored, even without an event of its end', () => {
  place(40, 'c');
  rmSync(root.join('proc/4000/cmdline'));
  assert.is(restore(), 0);
  assert.is(root.affinity(40), '2-3');
});

test('records of a domain that this watcher does not know are kept for the next', () => {
  place(40, 'c');
  affinities = new OriginalAffinities(root.path);
  isUnconfirmed = true;
  assert.is(restore(), 0);
  affinities = new OriginalAffinities(root.path);
  isUnconfirmed = false;
  assert.is(restore(), 1);
  assert.is(root.affinity(40), '0-7');
});

test("another domain's original mask for the same IRQ is not used", () => {
  place(40, 'c', { uuid: 'other', from: setOf('1') });
  place(40, 'c', { from: setOf('2-3') });
  restore();
  assert.is(root.affinity(40), '2-3');
});

test('an entry of an older version, without a vector, is dropped and counted', () => {
  const entry = { uuid: UUID, address: A, irq: 40, before: '1', ours: '0-7' };
  root.write('run/hostdev-cpuset/restore.json', JSON.stringify([entry]));
  const messages: string[] = [];
  new RestoreOnExit(root.path, (text) => messages.push(text));
  assert.equal(messages, ['restore.json: entries dropped because they name no vector: 1']);
  affinities = new OriginalAffinities(root.path);
  assert.is(restore(), 0);
  assert.is(root.affinity(40), '0-7');
});

test('INTx lines in a state: restored only if the device is confirmed and the domain runs', () => {
  const state = (line: object, name = 'guest'): DomainState => ({
    schemaVersion: 1,
    name,
    written: {},
    lines: [{ irq: 16, before: '0-7', cpus: '2-3', ...line }],
  });
  const files = new RealFs(root.path);
  runs(A, LINE);
  const cases: [DomainState, number][] = [
    [state({}), 0],
    [state({ address: A }), 0],
    [state({ address: LINE, input: 'IO-APIC 17' }), 0],
    [state({ address: LINE }, 'another'), 0],
    [state({ address: LINE, input: 'IO-APIC 16' }), 1],
  ];
  for (const [given, count] of cases) {
    root.move(16, 'c');
    assert.is(affinities.restoreLines(files, UUID, given).restored, count, JSON.stringify(given));
    assert.is(root.affinity(16), count === 1 ? '0-7' : '2-3');
  }
  root.move(16, 'c');
  runs(A);
  assert.is(affinities.restoreLines(files, UUID, state({ address: LINE })).restored, 0, 'it was unplugged');
});

test('an INTx line whose IRQ is a vector now is not restored', () => {
  const kernel = hostOf([{ address: OWN, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }], {
    domains: [{ name: 'guest', uuid: OTHER, pid: 4000, vcpus: [] }],
  });
  const pass = new Simulated(kernel, root.path);
  pass.enforce(guest(hostdev(OWN, '2-3')));
  pass.written();
  kernel.freeLine(OWN);
  kernel.attach({ address: C, driver: 'nvme', interrupts: [{ irq: 16, type: 'msix', affinity: '2' }] });
  affinities.setDevices(OTHER, [OWN]);
  const { restored } = affinities.restoreLines(pass.host.files, OTHER, pass.host.state.read(OTHER) as DomainState);
  assert.is(restored, 0);
  assert.equal(pass.written(), []);
});

test('a failure to save in /run is reported once, and restoring still works', () => {
  rmSync(root.join('run/hostdev-cpuset'), { recursive: true, force: true });
  root.write('run/hostdev-cpuset', '');
  const warnings: string[] = [];
  const onExit = new RestoreOnExit(root.path, (text) => warnings.push(text));
  onExit.setDevices(UUID, [A]);
  root.move(40, 'c');
  const masks = { from: setOf('0-7'), to: setOf('2-3'), target: setOf('2-3') };
  const own = { domain: 'guest', uuid: UUID, address: A, irq: 40, vector: 0, handler: `vfio-msix[0](${A})` };
  for (let times = 0; times < 2; times++) onExit.record({ changed: [{ ...own, ...masks, kind: 'placed' }], ended: [] });
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(
    warnings[0] ?? '',
    /cannot save the original affinities for the next watcher: .*(?:ENOTDIR|EEXIST|EPERM)/,
  );
  assert.is(onExit.restore(new RealFs(root.path), new StateStore(root.path), [UUID]), 1);
  assert.is(root.affinity(40), '0-7');
});

test("a domain's records are forgotten at its end, and no file is left after restoring", () => {
  const warnings: string[] = [];
  const onExit = new RestoreOnExit(root.path, (text) => warnings.push(text));
  const masks = { from: setOf('0-7'), to: setOf('2-3'), target: setOf('2-3') };
  const own = { domain: 'guest', uuid: UUID, address: A, irq: 40, vector: 0, handler: `vfio-msix[0](${A})` };
  const changed = [{ ...own, ...masks, kind: 'placed' as const }];
  onExit.setDevices(UUID, [A]);
  onExit.record({ changed, ended: [] });
  onExit.forget(UUID);
  assert.equal(recorded(), []);
  onExit.setDevices(UUID, [A, LINE]);
  onExit.record({ changed, ended: [] });
  root.move(40, 'c');
  root.move(16, 'c');
  const state = new StateStore(root.path);
  const lines = [{ irq: 16, address: LINE, input: 'another', before: '0-7', cpus: '2-3' }];
  state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines });
  assert.is(onExit.restore(new RealFs(root.path), state, [UUID]), 1);
  assert.is(recorded(), undefined);
  assert.is(warnings.length, 1, 'the line has another input');
});

test('a state that cannot be removed does not prevent restoring other domains', () => {
  class Sticky extends StateStore {
    override remove(uuid: string): void {
      if (uuid === OTHER) throw new FileError('EROFS', '/run/x');
      super.remove(uuid);
    }
  }
  const state = new Sticky(root.path);
  const warnings: string[] = [];
  const onExit = new RestoreOnExit(root.path, (text) => warnings.push(text));
  onExit.setDevices(UUID, [LINE]);
  root.move(16, 'c');
  const lines = [{ irq: 16, address: LINE, before: '0-7', cpus: '2-3' }];
  state.write(UUID, { schemaVersion: 1, name: 'guest', written: {}, lines });
  assert.is(onExit.restore(new RealFs(root.path), state, [OTHER, UUID]), 1);
  assert.is(root.affinity(16), '0-7');
  assert.equal([warnings, state.list()], [['cannot remove all state: /run/x: EROFS'], []]);
});

/** A file with one valid entry, except for these members. */
function entryWith(members: object): string {
  const entry = { name: 'guest', uuid: UUID, address: A, irq: 40, handler: `vfio-msix[0](${A})`, before: '1' };
  return JSON.stringify([{ ...entry, ours: '0-7', ...members }]);
}

test('the entry that the next tests modify is valid', () => {
  root.write('run/hostdev-cpuset/restore.json', entryWith({}));
  affinities = new OriginalAffinities(root.path);
  assert.is(restore(), 1);
  assert.is(root.affinity(40), '1');
});

for (const text of [
  '',
  '{',
  '{}',
  '[null, 1, "x", {}]',
  entryWith({ address: '../..', irq: '../40' }),
  entryWith({ address: '../..' }),
  entryWith({ before: '' }),
  entryWith({ ours: 'x' }),
]) {
  test(`a file with ${text || 'nothing'} restores nothing`, () => {
    root.write('run/hostdev-cpuset/restore.json', text);
    affinities = new OriginalAffinities(root.path);
    assert.is(restore(), 0);
    assert.is(root.affinity(40), '0-7');
  });
}

test.run();
