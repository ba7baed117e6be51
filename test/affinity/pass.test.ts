import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enforceDomain } from '../../src/affinity/reconcile-domain.js';
import { domainReport } from '../../src/report/report.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import {
  A,
  C,
  guest,
  hostdev,
  hostOf,
  interrupts,
  NumberGoes,
  outcomes,
  plainOf,
  Simulated,
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

passes('the state carries what was written from pass to pass', () => {
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

passes("the state keeps a line's mask before the first write, and the one that was written", () => {
  const line = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const, affinity: '0-5' }] };
  const pass = new Simulated(hostOf([line]), folder.path);
  pass.enforce(own);
  pass.enforce(guest(hostdev(A, '4')));
  assert.equal(pass.host.state.read(UUID)?.lines, [
    { irq: 16, address: A, input: 'IO-APIC 16', before: '0-5', cpus: '4' },
  ]);
});

passes('a pass that changes nothing touches no file', () => {
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  pass.enforce(own);
  const { ino } = statSync(stateFile());
  pass.enforce(own);
  assert.is(statSync(stateFile()).ino, ino);
});

passes('a domain whose interrupts are left alone has no state', () => {
  new Simulated(hostOf([vfio(A, 41)]), folder.path).enforce(guest(hostdev(A, 'native')));
  assert.not(existsSync(stateFile()));
});

passes('a state that is garbage counts as no state', () => {
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  pass.enforce(own);
  writeFileSync(stateFile(), '{"schemaVersion":1,');
  assert.equal(outcomes(pass.enforce(own)), ['41 keep']);
});

passes('a state that cannot be written is reported, and the interrupts are placed all the same', () => {
  mkdirSync(folder.join('run'));
  folder.write('run/hostdev-cpuset', 'in its place');
  const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
  const { applied, stateError } = enforceDomain(pass.host, own);
  assert.equal(outcomes(domainReport(applied)), ['41 set']);
  assert.match(stateError?.message ?? '', 'run/hostdev-cpuset');
});

passes('a domain without a UUID, or with a path in its place, is placed and has no state', () => {
  for (const uuid of ['', '<uuid>../../../etc/passwd</uuid>']) {
    const xml = `<domain><name>../x</name>${uuid}<devices>${hostdev(A, '2-3')}</devices></domain>`;
    const pass = new Simulated(hostOf([vfio(A, 41)]), folder.path);
    const { applied, stateError } = enforceDomain(pass.host, plainOf(xml));
    assert.equal(outcomes(domainReport(applied)), ['41 set']);
    assert.is(stateError, undefined);
    assert.equal(readdirSync(folder.path), []);
  }
});

passes('what gets the number between the last look and the write is not written', () => {
  const kernel = hostOf([vfio(A, 41, 42)]);
  // the first is the plan's
  const pass = new Simulated(kernel, folder.path, { files: new NumberGoes(kernel, 41, 2) });
  assert.equal(outcomes(pass.enforce(guest(hostdev(A, '2-3')))), ['41 skip: it went away', '42 skip: it went away']);
  assert.equal([pass.written(), kernel.devices.has(C)], [[], true]);
});

passes('what goes while a write is to be tried again, and is back under its number, is written', () => {
  for (const code of ['EBUSY', 'EIO']) {
    const kernel = hostOf([vfio(A, 41)]);
    kernel.failNextWrites(41, code);
    const pass = new Simulated(kernel, folder.join(code));
    pass.host.pause = () => kernel.enableVectors(A, [41]);
    assert.equal(outcomes(pass.enforce(guest(hostdev(A, '2-3')))), ['41 set']);
    assert.equal(pass.written(), ['41=2-3']);
  }
});

passes('counts only where they are asked for', () => {
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
