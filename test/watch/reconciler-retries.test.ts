import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const retries = suite('reconciler: retries');
const RUNNING = { domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }] };
const CPU0 = parseCpuList('0') ?? [];

/** Counts the attempted writes, including those that fail. */
class CountingFiles extends SimulatedFs {
  tried = 0;
  protected override write(irq: number, text: string, form: 'mask' | 'list'): void {
    this.tried++;
    super.write(irq, text, form);
  }
}

/** A guest with a device whose interrupt 41 cannot be written. */
function refused(code: string): { host: ReconciledHost; files: CountingFiles; kernel: SimulatedKernel } {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  const files = new CountingFiles(kernel);
  const host = new ReconciledHost(kernel, { files });
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
      host.reconciler.markDirty({ uuid: UUID });
      host.pass(1000);
    }
    assert.ok(files.tried >= least && files.tried <= most, `${files.tried} times in a minute`);
    host.pass(900_000);
    host.kernel.failAllWrites(41);
    assert.equal(
      changesOf(...host.pass(300_000)),
      ['placed 41: 0-7 -> 2-3'],
      'and within five minutes of the end of the error',
    );
  });
}

retries("a pass that waits for the domain's lock is retried on schedule, and goes ahead after two seconds", () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let busy = 3;
  const exclusively = <T>(_: unknown, action: () => T) => (busy-- > 0 ? undefined : { result: action() });
  const host = new ReconciledHost(kernel, { exclusively });
  assert.equal(changesOf(host.add(guest(hostdev(A, 'auto')))), []);
  assert.equal(changesOf(...host.pass(100)), ['placed 41: 0-7 -> 2-3']);
  kernel.move(41, CPU0);
  busy = Number.POSITIVE_INFINITY;
  assert.equal(changesOf(...host.pass(1900)), [], 'the next poll sees it after 100 ms');
  assert.equal(changesOf(...host.pass(199)), [], 'two seconds from then on');
  assert.equal(changesOf(...host.pass(1)), ['repaired 41: 0 -> 2-3']);
  assert.ok(busy > 0);
});

retries('a failure while the target CPU was offline is retried soon, even if the outage was not seen', () => {
  const kernel = hostOf([vfio(A, 41)], RUNNING);
  let isAway = true;
  const files = new SimulatedFs(kernel, (operation) => {
    if (operation === 'write') kernel.setOnline(3, !isAway);
  });
  const host = new ReconciledHost(kernel, { files });
  assert.equal(changesOf(host.add(guest(hostdev(A, '3')))), [], 'nor is it reported yet');
  isAway = false;
  kernel.setOnline(3, true);
  assert.equal(changesOf(...host.pass(1100)), ['placed 41: 0-7 -> 3']);
});

retries('after a success, the delays of the next failure start from the shortest', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.failAllWrites(41);
  host.pass(300_000);
  kernel.move(41, CPU0);
  kernel.failAllWrites(41, 'ENOSPC');
  assert.equal(changesOf(...host.pass(1000)), ['failed 41: 0 -> 0'], 'and it is reported again');
  kernel.failAllWrites(41);
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 0 -> 2-3']);
});

retries('a target that another program set counts as a success: a later move is repaired at once', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.move(41, parseCpuList('2-3') ?? []);
  host.pass(1000);
  kernel.failAllWrites(41);
  kernel.move(41, CPU0);
  assert.equal(changesOf(...host.pass(1000)), ['repaired 41: 0 -> 2-3']);
});

for (const code of ['EINVAL', 'EIO', 'EPERM']) {
  retries(`${code} that persists: reported once, tried a few times, then every five minutes`, () => {
    const kernel = hostOf([vfio(A, 41)], RUNNING);
    const files = new CountingFiles(kernel);
    const host = new ReconciledHost(kernel, { files });
    kernel.failAllWrites(41, code);
    const first = host.add(guest(hostdev(A, 'auto')));
    assert.equal(changesOf(first, ...host.pass(3_600_000)), ['failed 41: 0-7 -> 0-7']);
    assert.ok(files.tried <= 5 + 12, `${files.tried} times in an hour`);
    assert.ok(host.reconciler.counters.errors.impossible > 0);
    kernel.failAllWrites(41);
    assert.equal(changesOf(...host.pass(300_000)), ['placed 41: 0-7 -> 2-3']);
  });
}

retries('another set is written at once, without waiting for the retry', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.failAllWrites(41);
  kernel.processes.pin(UUID, 0, '5');
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 0-7 -> 5']);
});

retries('a new vector under the same IRQ is written at once, without waiting for the retry', () => {
  const { host, kernel } = refused('ENOSPC');
  host.pass(900_000);
  kernel.enableVectors(A, [41]);
  assert.equal(changesOf(...host.pass(1000)), ['placed 41: 0-7 -> 2-3']);
});

retries('failed retries of one repair do not count as contested', () => {
  for (const code of ['ENOENT', 'EBUSY', 'ENOSPC']) {
    const host = new ReconciledHost(hostOf([vfio(A, 41)], RUNNING));
    host.add(guest(hostdev(A, 'auto')));
    host.pass(120_000);
    host.kernel.move(41, CPU0);
    host.kernel.failAllWrites(41, code);
    host.pass(10_000);
    host.kernel.failAllWrites(41);
    const later = changesOf(...host.pass(20_000));
    assert.equal(later, ['placed 41: 0 -> 2-3'], code);
    assert.is(host.reconciler.counters.contested, 0, code);
  }
});

retries('a lag is reported for new interrupts only, not for retries or repairs', () => {
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

retries('after a success the regular intervals apply', () => {
  const { host, kernel } = refused('EBUSY');
  host.pass(60_000);
  kernel.failAllWrites(41);
  host.pass(200_000);
  host.pass(1);
  assert.is(host.reconciler.due - host.now, 999);
});

retries.run();
