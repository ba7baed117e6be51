import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFastPathWrites, withoutForbidden } from '../../src/affinity/pass-scope.js';
import { enforceDomain } from '../../src/affinity/reconcile-domain.js';
import { releaseDomain } from '../../src/affinity/release.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import type { WritableFile } from '../../src/host/pseudo-fs.js';
import { domainReport } from '../../src/report/report.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import {
  A,
  B,
  C,
  guest,
  hostdev,
  hostOf,
  interrupts,
  NumberGoes,
  outcomes,
  plainOf,
  Simulated,
  setOf,
  UUID,
  vfio,
} from './simulated-pass.js';

const passes = suite('pass');
let folder: TemporaryFolder;
passes.before.each(() => {
  folder = new TemporaryFolder();
});
passes.after.each(() => folder.remove());

const own = guest(hostdev(A, '2-3'));
const stateFile = () => folder.join('run/hostdev-cpuset', `${UUID}.json`);

passes('plan writes nothing, neither to the kernel nor a state', () => {
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  assert.equal(outcomes(pass.plan(own)), ['41 set']);
  assert.equal(pass.written(), []);
  assert.equal(readdirSync(folder.path), []);
});

passes('the state carries the writes from pass to pass', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  new Simulated(kernel, folder.path).enforce(own);
  const another = new Simulated(kernel, folder.path);
  assert.equal(another.host.state.read(UUID), {
    schemaVersion: 1,
    name: 'guest',
    written: { [`41 vfio-msix[0](${A}) ${A}`]: '2-3', [`42 vfio-msix[1](${A}) ${A}`]: '2-3' },
    lines: [],
  });
  assert.equal(outcomes(another.enforce(own)), ['41 keep', '42 keep']);
});

passes('vectors that are gone are forgotten', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(own);
  kernel.enableVectors(A, [42]);
  pass.enforce(own);
  assert.equal(Object.keys(pass.host.state.read(UUID)?.written ?? {}), [`42 vfio-msix[0](${A}) ${A}`]);
});

passes("the state has a line's mask before the first write, and the last written one", () => {
  const line = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const, affinity: '0-5' }] };
  const pass = new Simulated(hostOf([line]), folder.path);
  pass.enforce(own);
  pass.enforce(guest(hostdev(A, '4')));
  assert.equal(pass.host.state.read(UUID)?.lines, [
    { irq: 16, address: A, input: 'IO-APIC 16', before: '0-5', cpus: '4' },
  ]);
});

passes('a pass that changes nothing does not write the state file', () => {
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  pass.enforce(own);
  const { ino } = statSync(stateFile());
  pass.enforce(own);
  assert.is(statSync(stateFile()).ino, ino);
});

passes('a domain whose interrupts are all skipped has no state', () => {
  new Simulated(hostOf([vfio(A, 41)]), folder.path).enforce(guest(hostdev(A, 'native')));
  assert.not(existsSync(stateFile()));
});

passes('an invalid state counts as none', () => {
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  pass.enforce(own);
  writeFileSync(stateFile(), '{"schemaVersion":1,');
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
});

passes('a state that cannot be written is reported, and the interrupts are placed nevertheless', () => {
  mkdirSync(folder.join('run'));
  folder.write('run/hostdev-cpuset', 'in its place');
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  const { applied, stateError } = enforceDomain(pass.host, own);
  assert.equal(outcomes(domainReport(applied)), ['41 set']);
  assert.match(stateError?.message ?? '', 'run/hostdev-cpuset');
});

passes('a domain with no UUID or an invalid one is placed and has no state', () => {
  for (const uuid of ['', '<uuid>../../../etc/passwd</uuid>']) {
    const xml = `<domain><name>../x</name>${uuid}<devices>${hostdev(A, '2-3')}</devices></domain>`;
    const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
    const { applied, stateError } = enforceDomain(pass.host, plainOf(xml));
    assert.equal(outcomes(domainReport(applied)), ['41 set']);
    assert.is(stateError, undefined);
    assert.equal(readdirSync(folder.path), []);
  }
});

passes('an IRQ that goes to another device between the last check and the write is not written', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  // The first read is the plan's.
  const pass = new Simulated(kernel, folder.path, { files: new NumberGoes(kernel, 41, 2) });
  assert.equal(outcomes(pass.enforce(guest(hostdev(A, '2-3')))), ['41 skip: it went away', '42 skip: it went away']);
  assert.equal([pass.written(), kernel.devices.has(C)], [[], true]);
});

passes('an interrupt that is renewed between two attempts of a write is written', () => {
  for (const code of ['EBUSY', 'EIO']) {
    const kernel = hostOf([vfio(A, 41)]);
    kernel.failNextWrites(41, code);
    const pass = new Simulated(kernel, folder.join(code));
    pass.host.pause = () => kernel.enableVectors(A, [41]);
    assert.equal(outcomes(pass.enforce(guest(hostdev(A, '2-3')))), ['41 set']);
    assert.equal(pass.written(), ['41=2-3']);
  }
});

const line16 = { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const, affinity: '0-5' }] };

passes('a line whose write failed leaves no trace in an existing state', () => {
  const kernel = hostOf([vfio(A, 41)]);
  const pass = new Simulated(kernel, folder.path);
  pass.enforce(own);
  const saved = readFileSync(stateFile(), 'utf8');
  kernel.attach(line16);
  kernel.failAllWrites(16, 'EPERM');
  pass.enforce(guest(hostdev(A, '2-3') + hostdev(B, '2-3')));
  assert.is(readFileSync(stateFile(), 'utf8'), saved);
});

passes('a state that cannot be saved before a line is written is saved after it', () => {
  const pass = new Simulated(hostOf([line16]), folder.path);
  const { state } = pass.host;
  const key = `16 vfio-intx(${B}) ${B}`;
  const known = { irq: 16, address: B, before: '0-5', cpus: '2-3' };
  state.write(UUID, { schemaVersion: 1, name: 'guest', written: { [key]: '2-3' }, lines: [known] });
  const write = state.write.bind(state);
  let writes = 0;
  state.write = (uuid, next) => {
    if (++writes === 1) throw new Error('full');
    write(uuid, next);
  };
  pass.enforce(guest(hostdev(B, '2-3')));
  assert.equal([writes, state.read(UUID)?.lines], [2, [{ ...known, input: 'IO-APIC 16' }]]);
});

passes('the state of a renewed vector is removed in one write', () => {
  const kernel = hostOf([vfio(A, 41)]);
  kernel.move(41, setOf('2-3'));
  const { host } = new Simulated(kernel, folder.path);
  const key = `41 vfio-msix[0](${A}) ${A}`;
  host.state.write(UUID, { schemaVersion: 1, name: 'guest', written: { [key]: '2-5' }, lines: [] });
  const write = host.state.write.bind(host.state);
  let writes = 0;
  host.state.write = (uuid, next) => {
    writes++;
    write(uuid, next);
  };
  enforceDomain(host, own, { continuityOf: () => 'renewed' });
  assert.equal([writes, host.state.read(UUID)?.written], [1, {}]);
});

passes('a fast path write is credited only if it wrote the target and the mask is still there', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  const pass = new Simulated(kernel, folder.path);
  kernel.move(41, setOf('2-3'));
  const planned = pass.planned(own);
  const credited = (write: { from: Cpuset; to: Cpuset } | undefined) =>
    withFastPathWrites(planned, { fastPathWrite: () => write }).devices.flatMap(({ interrupts }) => interrupts);
  const [kept, moved] = planned.devices.flatMap(({ interrupts }) => interrupts);
  const from = setOf('0-7');
  for (const write of [undefined, { from, to: setOf('4-5') }]) assert.equal(credited(write), [kept, moved]);
  const written = { ...kept, affinity: from, action: 'set', reason: null, isWritten: true };
  assert.equal(credited({ from, to: setOf('2-3') }), [written, moved]);
  assert.is(withFastPathWrites(planned, {}), planned);
});

passes('forbidden writes are skipped with their reason; interrupts that need no write stay as they are', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  kernel.move(41, setOf('2-3'));
  const planned = new Simulated(kernel, folder.path).planned(own);
  const outcomesOf = (plan: typeof planned) => outcomes(domainReport(plan));
  assert.is(withoutForbidden(planned, undefined, {}), planned);
  const contested = withoutForbidden(planned, undefined, { reasonToLeave: () => ({ code: 'contested' }) });
  assert.equal(
    outcomesOf(contested).map((text) => text.slice(0, 7)),
    ['41 keep', '42 skip'],
  );
  assert.equal(contested.problems, planned.problems);
  assert.equal(withoutForbidden(planned, undefined, { reasonToLeave: () => undefined }), planned);
  for (const [notSeen, problem] of [
    [{ code: 'not-running' }, { rule: 'not-running' }],
    [
      { code: 'qemu-hidden', pid: 7 },
      { rule: 'qemu-hidden', pid: 7 },
    ],
  ] as const) {
    const unseen = withoutForbidden(planned, notSeen, { reasonToLeave: () => ({ code: 'contested' }) });
    assert.equal(
      unseen.devices[0]?.interrupts.map(({ action }) => action),
      ['keep', 'skip'],
    );
    assert.equal(unseen.devices[0]?.interrupts[1]?.reason, notSeen);
    assert.equal(unseen.problems, [...planned.problems, problem]);
  }
});

passes('nothing is written if QEMU is hidden or not running', () => {
  const name = 'guest';
  const hidden: Record<string, string> = {
    '/run/libvirt/qemu/guest.pid': '700\n',
    '/proc/self/mountinfo': '22 1 0:21 / /proc rw,relatime - proc proc rw,gid=5,hidepid=2\n',
    '/proc/self/status': 'Gid:\t0\t0\t0\t0\nGroups:\t \nCapEff:\t0000000000000000\n',
  };
  class Hidden extends SimulatedFs {
    override read = (path: string) => hidden[path] ?? super.read(path);
    override list = (path: string) => (path === '/run/libvirt/qemu' ? [`${name}.pid`] : super.list(path));
  }
  const kernel = hostOf([vfio(A, 41)]);
  const seen = (files: SimulatedFs) => {
    const { host } = new Simulated(kernel, folder.path, { files });
    const { applied, writes } = enforceDomain({ ...host, onlyRunning: true }, own);
    return [applied.devices[0]?.interrupts[0]?.reason, applied.problems, writes];
  };
  assert.equal(seen(new Hidden(kernel)), [{ code: 'qemu-hidden', pid: 700 }, [{ rule: 'qemu-hidden', pid: 700 }], 0]);
  assert.equal(seen(new SimulatedFs(kernel)), [{ code: 'not-running' }, [{ rule: 'not-running' }], 0]);
  kernel.processes.start({ name, uuid: UUID, pid: 700, vcpus: [] });
  assert.equal(seen(new SimulatedFs(kernel)), [null, [], 1]);
});

passes('no file stays open, whatever the outcome of the writes', () => {
  class Counting extends SimulatedFs {
    openFiles = 0;
    override openToWrite(path: string): WritableFile {
      const file = super.openToWrite(path);
      this.openFiles++;
      return { ...file, close: () => void this.openFiles-- };
    }
  }
  const line = { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const }] };
  const kernel = hostOf([vfio(A, 41, 42, 43), line]);
  kernel.failAllWrites(41, 'EBUSY');
  kernel.failAllWrites(42, 'EPERM');
  const files = new Counting(kernel);
  const pass = new Simulated(kernel, folder.path, { files });
  pass.enforce(guest(hostdev(A, '2-3') + hostdev(B, '2-3')));
  assert.equal([pass.written(), files.openFiles], [['43=2-3', '16=2-3'], 0]);
  kernel.bind(B, 'ahci');
  releaseDomain(files, pass.host.state, UUID);
  assert.equal([pass.written().length, files.openFiles], [1, 0]);
});

passes('counts are read only on request', () => {
  const device = {
    address: A,
    driver: 'vfio-pci',
    interrupts: [{ irq: 41, type: 'msix' as const, counts: { '1': 7 } }],
  };
  const { host } = new Simulated(hostOf([device]), folder.path);
  const counts = (more: { counts?: boolean }) =>
    interrupts(domainReport(enforceDomain({ ...host, ...more }, own).applied)).get(41)?.counts;
  assert.equal([counts({}), counts({ counts: false })], [{ '1': 7 }, {}]);
});

passes.run();
