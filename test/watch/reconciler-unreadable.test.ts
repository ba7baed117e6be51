import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import type { ReconcileResult } from '../../src/watch/reconciler.js';
import { A, B, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { changesOf, ReconciledHost } from './reconciled-host.js';

const unreadable = suite('reconciler: unreadable files');
const RUNNING: Partial<HostDescription> = {
  domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
};
const DEVICE = `/sys/bus/pci/devices/${A}`;

/** A guest with devices A (41, 42) and B (43). Files whose path matches `broken` cannot be read. */
class Broken {
  broken: RegExp | undefined;
  code = 'EIO';
  accesses = 0;
  readonly kernel = hostOf([vfio(A, 41, 42), vfio(B, 43)], RUNNING);
  readonly files: SimulatedFs;
  readonly host: ReconciledHost;

  constructor(traced = false) {
    this.files = new SimulatedFs(this.kernel, (_, path) => {
      this.accesses++;
      if (this.broken?.test(path)) throw new FileError(this.code, path);
    });
    this.host = new ReconciledHost(this.kernel, { files: this.files, traced });
  }

  add(): ReconcileResult {
    return this.host.add(guest(hostdev(A, 'auto') + hostdev(B, 'auto')));
  }
}

const problems = (...runs: ReconcileResult[]) => runs.flatMap((run) => run.problems.map(({ message }) => message));

for (const code of ['EIO', 'EACCES']) {
  for (const file of ['irq', 'msi_irqs', 'msi_irqs/41', 'numa_node', 'driver']) {
    unreadable(`${code} on a device's ${file}: only that device is not placed until it can be read`, () => {
      const one = new Broken();
      one.code = code;
      one.broken = new RegExp(`^${DEVICE}/${file}$`);
      const run = one.add();
      assert.equal(changesOf(run), ['placed 43: 0-7 -> 2-3']);
      assert.equal(problems(run), [`${DEVICE}/${file} cannot be read: ${code}`]);
      assert.equal(problems(...one.host.pass(300_000)), [], 'reported once');
      assert.equal(one.host.written(), ['43=2-3']);
      one.broken = undefined;
      assert.equal(changesOf(...one.host.pass(10_000)), ['placed 41: 0-7 -> 2-3', 'placed 42: 0-7 -> 2-3']);
      one.broken = new RegExp(`^${DEVICE}/${file}$`);
      one.host.reconciler.markDirty({ uuid: UUID });
      assert.equal(problems(one.host.reconciler.run()).length, 1, 'and again after it was readable');
      const { written = {} } = one.host.state.read(UUID) ?? {};
      assert.is(Object.keys(written).length, 3, 'its writes are still recorded');
    });
  }

  for (const path of ['/proc/irq/41/smp_affinity', '/proc/irq/41/effective_affinity', '/sys/kernel/irq/41/actions']) {
    unreadable(`${code} on ${path}: only that interrupt is not placed until it can be read`, () => {
      for (const traced of [false, true]) {
        const one = new Broken(traced);
        one.code = code;
        one.broken = new RegExp(`^${path}$`);
        const run = one.add();
        assert.equal(changesOf(run).slice(-2), ['placed 42: 0-7 -> 2-3', 'placed 43: 0-7 -> 2-3']);
        assert.equal(run.changed[0]?.reason, { code: 'unreadable', path });
        assert.is(run.changed[0]?.error, code);
        assert.equal(changesOf(...one.host.pass(60_000)), [], 'reported once');
        one.host.reconciler.markDirty({ irqs: [41, 42, 43] });
        one.host.pass(60_000);
        one.broken = undefined;
        one.host.pass(300_000);
        assert.equal(one.host.written().sort(), ['41=2-3', '42=2-3', '43=2-3'], 'once each');
      }
    });
  }
}

unreadable('an unreadable device is checked with back-off', () => {
  const one = new Broken();
  one.add();
  one.host.pass(120_000);
  one.broken = new RegExp(`^${DEVICE}/irq$`);
  one.kernel.enableVectors(A, [51, 52]);
  one.host.pass(120_000);
  const before = { ...one.host.reconciler.counters.errors };
  let runs = 0;
  for (const end = one.host.now + 60_000; one.host.reconciler.due <= end; runs++) {
    one.host.now = Math.max(one.host.now, one.host.reconciler.due);
    one.host.reconciler.run();
  }
  assert.ok(runs < 75, `${runs} runs in a minute`);
  const checks = one.host.reconciler.counters.errors.unreadable - before.unreadable;
  assert.ok(checks > 0 && checks < 10, `looked at ${checks} times in a minute`);
  one.broken = undefined;
  one.host.written();
  one.host.pass(10_000);
  assert.equal(one.host.written(), ['51=2-3', '52=2-3']);
});

for (const [what, broken, again] of [
  ["the host's CPUs", /^\/sys\/devices\/system\/cpu\/online$/, 1],
  ["QEMU's threads", /^\/proc\/700\//, 1],
  // The pid file of a known QEMU is not read again.
  ["libvirt's pid files", /^\/run\/libvirt\/qemu/, 0],
] as const) {
  for (const traced of [false, true]) {
    unreadable(
      `unreadable ${what}, ${traced ? 'traced' : 'untraced'}: reported once, retried, then all is placed`,
      () => {
        const one = new Broken(traced);
        one.broken = broken;
        assert.is(problems(one.add()).length, 1);
        one.host.reconciler.markDirty({ irqs: [41] });
        assert.equal(problems(...one.host.pass(60_000)), []);
        assert.ok(one.host.reconciler.due > one.host.now, 'nothing stays due');
        assert.equal(one.host.written(), []);
        one.broken = undefined;
        one.host.pass(10_000);
        assert.equal(one.host.written(), ['41=2-3', '42=2-3', '43=2-3']);

        one.host.pass(100_000);
        one.broken = broken;
        one.kernel.enableVectors(A, [51]);
        one.kernel.failNextWrites(51, 'EBUSY', 'EBUSY', 'EBUSY');
        one.host.reconciler.markDirty({ uuid: UUID });
        assert.is(problems(...one.host.pass(60_000)).length, again, 'reported again, since it was readable in between');
        one.broken = undefined;
        one.host.pass(11_000);
        assert.equal(one.host.written().slice(-1), ['51=2-3'], 'the vector that appeared meanwhile, too');
      },
    );
  }
}

for (const broken of [/^\/sys\/devices\/system\/cpu\/online$/, /^\/proc\/700\//]) {
  unreadable(`retries wait while ${broken.source} cannot be read`, () => {
    const one = new Broken();
    one.add();
    one.kernel.move(41, [{ first: 0, last: 0 }]);
    one.kernel.failAllWrites(41, 'EBUSY');
    one.host.pass(1000);
    one.broken = broken;
    one.host.pass(120_000);
    one.host.now = one.host.reconciler.due;
    one.host.reconciler.run();
    assert.ok(one.host.reconciler.due - one.host.now >= 400, 'not earlier because of the retry');
    one.broken = undefined;
    one.kernel.failAllWrites(41);
    one.host.written();
    one.host.pass(20_000);
    assert.equal(one.host.written(), ['41=2-3']);
  });
}

unreadable('if processes cannot be read, a contested interrupt is reported without a culprit', () => {
  const one = new Broken();
  one.add();
  one.broken = /^\/proc\/\d+\/comm$|^\/proc$/;
  const runs = [];
  for (let i = 0; i < 40; i++) {
    one.kernel.move(41, [{ first: 0, last: 0 }]);
    runs.push(...one.host.pass(1000));
  }
  assert.is(runs.flatMap(({ changed }) => changed).filter(({ kind }) => kind === 'contested').length, 1);
  assert.equal(problems(...runs), []);
});

for (const [options, culprit] of [
  ['rw,gid=5,hidepid=invisible', 'unknown'],
  ['rw', 'not irqbalance'],
]) {
  unreadable(`/proc with ${options}: if irqbalance is not seen, the culprit is ${culprit}`, () => {
    const one = new Broken();
    const read = one.files.read.bind(one.files);
    const texts: Record<string, string> = {
      '/proc/self/mountinfo': `22 1 0:21 / /proc rw,relatime - proc proc ${options}\n`,
      '/proc/self/status': 'Gid:\t0\t0\t0\t0\nGroups:\t \nCapEff:\t0000000000000000\n',
    };
    one.files.read = (path) => texts[path] ?? read(path);
    one.add();
    const runs = [];
    for (let i = 0; i < 40; i++) {
      one.kernel.move(41, [{ first: 0, last: 0 }]);
      runs.push(...one.host.pass(1000));
    }
    const contested = runs.flatMap(({ changed }) => changed).filter(({ kind }) => kind === 'contested');
    assert.equal(
      contested.map((outcome) => outcome.culprit),
      [culprit],
    );
  });
}

unreadable.run();
