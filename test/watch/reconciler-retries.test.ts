import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { HeldHost, told } from './reconciled-host.js';

const retries = suite('what could not be placed is tried again');
const RUNNING = { domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }] };
const CPU0 = parseCpuList('0') ?? [];

/** Counts the writes that are tried, those that fail among them. */
class CountingFiles extends SimulatedFs {
  tried = 0;
  protected override write(irq: number, text: string, form: 'mask' | 'list'): void {
    this.tried++;
    super.write(irq, text, form);
  }
}

/** A guest with a device, whose interrupt 41 cannot be written. */
function refused(code: string): { host: HeldHost; files: CountingFiles; kernel: SimulatedKernel } {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  const files = new CountingFiles(kernel);
  const host = new HeldHost(kernel, { files });
  kernel.failAllWrites(41, code);
  host.add(guest(hostdev(A, 'auto')));
  host.pass(1000);
  return { host, files, kernel };
}

for (const [code, least, most] of [
  ['EBUSY', 60_000 / 10_000, 100],
  ['ENOENT', 60_000 / 10_000, 100],
  ['ENOSPC', 5, 7],
  ['EPERM', 0, 0],
] as const) {
  retries(`${code}: retried with back-off, whatever triggers the check`, () => {
    const { host, files } = refused(code);
    files.tried = 0;
    for (let second = 0; second < 60; second++) {
      host.hold.markDirty({ uuid: UUID });
      host.pass(1000);
    }
    assert.ok(files.tried >= least && files.tried <= most, `${files.tried} times in a minute`);
    host.pass(900_000);
    host.kernel.failAllWrites(41);
    assert.equal(told(...host.pass(300_000)), ['placed 41: 0-7 -> 2-3'], 'and within five minutes when it can be');
  });
}

retries("while another process has the domain's lock, the watcher waits in its schedule, and not for ever", () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let busy = 3;
  const exclusively = <T>(_: unknown, action: () => T) => (busy-- > 0 ? undefined : { result: action() });
  const host = new HeldHost(kernel, { exclusively });
  assert.equal(told(host.add(guest(hostdev(A, 'auto')))), []);
  assert.equal(told(...host.pass(100)), ['placed 41: 0-7 -> 2-3']);
  kernel.move(41, CPU0);
  busy = Number.POSITIVE_INFINITY;
  assert.equal(told(...host.pass(1900)), [], 'the next poll sees it after 100 ms');
  assert.equal(told(...host.pass(199)), [], 'two seconds from then on');
  assert.equal(told(...host.pass(1)), ['repaired 41: 0 -> 2-3']);
  assert.ok(busy > 0);
});

retries('what could not be placed while its CPU was away is placed soon after, though nobody saw that it was', () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let isAway = true;
  const files = new SimulatedFs(kernel, (operation) => {
    if (operation === 'write') kernel.setOnline(3, !isAway);
  });
  const host = new HeldHost(kernel, { files });
  assert.equal(told(host.add(guest(hostdev(A, '3')))), [], 'nor is it reported yet');
  isAway = false;
  kernel.setOnline(3, true);
  assert.equal(told(...host.pass(1100)), ['placed 41: 0-7 -> 3']);
});

retries('after a success the next failure is met as soon as a first one', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.failAllWrites(41);
  host.pass(300_000);
  kernel.move(41, CPU0);
  kernel.failAllWrites(41, 'ENOSPC');
  assert.equal(told(...host.pass(1000)), ['failed 41: 0 -> 0'], 'and it is said again');
  kernel.failAllWrites(41);
  assert.equal(told(...host.pass(1000)), ['placed 41: 0 -> 2-3']);
});

retries('what somebody else put right has succeeded: moved away again, it is put back at once', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.move(41, parseCpuList('2-3') ?? []);
  host.pass(1000);
  kernel.failAllWrites(41);
  kernel.move(41, CPU0);
  assert.equal(told(...host.pass(1000)), ['repaired 41: 0 -> 2-3']);
});

for (const code of ['EINVAL', 'EIO', 'EPERM']) {
  retries(`${code} that persists: reported once, tried a few times, then every five minutes`, () => {
    const kernel = hostOf([vfio(A, 41)], RUNNING);
    const files = new CountingFiles(kernel);
    const host = new HeldHost(kernel, { files });
    kernel.failAllWrites(41, code);
    const first = host.add(guest(hostdev(A, 'auto')));
    assert.equal(told(first, ...host.pass(3_600_000)), ['failed 41: 0-7 -> 0-7']);
    assert.ok(files.tried <= 5 + 12, `${files.tried} times in an hour`);
    assert.ok(host.hold.counters.errors.impossible > 0);
    kernel.failAllWrites(41);
    assert.equal(told(...host.pass(300_000)), ['placed 41: 0-7 -> 2-3']);
  });
}

retries('another set is tried at once', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.failAllWrites(41);
  kernel.processes.pin(UUID, 0, '5');
  assert.equal(told(...host.pass(1000)), ['placed 41: 0-7 -> 5']);
});

retries('what came back under its number is tried at once', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.enableVectors(A, [41]);
  assert.equal(told(...host.pass(1000)), ['placed 41: 0-7 -> 2-3']);
});

retries('a retry that fails is no answer to another move: one move is no contest', () => {
  for (const code of ['ENOENT', 'EBUSY', 'ENOSPC']) {
    const host = new HeldHost(hostOf([vfio(A, 41)], RUNNING));
    host.add(guest(hostdev(A, 'auto')));
    host.pass(120_000);
    host.kernel.move(41, CPU0);
    host.kernel.failAllWrites(41, code);
    host.pass(10_000);
    host.kernel.failAllWrites(41);
    const later = told(...host.pass(20_000));
    assert.equal(later, ['placed 41: 0 -> 2-3'], code);
    assert.is(host.hold.counters.contested, 0, code);
  }
});

retries('a lag is told of what appeared, not of what was tried again', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(100_000);
  kernel.failAllWrites(41);
  const [run] = host.pass(300_000);
  assert.is(run?.changed[0]?.kind, 'placed');
  assert.is(run?.changed[0]?.lagMs, undefined);
  kernel.move(41, CPU0);
  const [repair] = host.pass(1000);
  assert.is(repair?.changed[0]?.kind, 'repaired');
  assert.is(repair?.changed[0]?.lagMs, undefined);
});

retries('after success the normal intervals apply', () => {
  const { host, kernel } = refused('EBUSY');
  host.pass(60_000);
  kernel.failAllWrites(41);
  host.pass(200_000);
  host.pass(1);
  assert.is(host.hold.due - host.now, 999);
});

retries.run();
