import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyCounters } from '../../src/runtime/counters.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { writeWatcherStatus } from '../../src/runtime/watcher-status.js';
import { runInProcess } from '../support/cli-in-process.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { ELSEWHERE, guestOn, IN_PLACE, RunningHost } from '../support/running-host.js';

const test = suite('overview of status');
let host: RunningHost;
test.before(() => {
  host = new RunningHost([
    guestOn('vnf-10', IN_PLACE),
    guestOn('vnf-2', IN_PLACE, IN_PLACE),
    guestOn('router', IN_PLACE, ELSEWHERE),
    { name: 'plain', cpus: [5], devices: [] },
  ]);
});
test.after(() => host.remove());

const status = (...args: string[]) => runInProcess('hostdev-cpuset', ['status', '--root', host.root, ...args]);
const ROWS = [
  'GUEST   IRQS  IN PLACE  MISPLACED  REMOTE  CONTESTED  POSTED  ON VCPUS  PER S',
  'router     2         1          1       1          -       -      25 %      0',
  'vnf-2      2         2          0       0          -       -     100 %      0',
  'vnf-10     1         1          0       0          -       -     100 %      0',
];
const TOTAL = '3 guests with 5 interrupts: 1 misplaced, 4 in place, 1 remote';

test('one line a guest with host devices, what is wrong first, then the sums and the watcher', async () => {
  const { code, stdout, stderr } = await status();
  assert.is(stderr, '');
  assert.is(code, 0);
  const lines = stdout.split('\n');
  assert.equal(lines.slice(0, 6), [...ROWS, '', TOTAL]);
  assert.match(lines[6] ?? '', /^no watcher runs: /);
});

test('filters: the guests that have such interrupts; with --details the interrupts', async () => {
  for (const filter of ['--misplaced', '--remote']) {
    assert.equal((await status(filter)).stdout.split('\n').slice(0, 4), [ROWS[0], ROWS[1], '', TOTAL]);
    const { stdout } = await status(filter, '--details');
    assert.match(
      stdout,
      /^router \(vCPUs: CPU 2-3, from QEMU's threads\)\n.*\n.*on vCPU CPUs.*\n +\d+ +msix\[1\] .*set {2}remote\n\n/,
    );
    assert.match(stdout, /^1 misplaced, 4 in place, 0 left alone, 1 remote/m);
    assert.not.match(stdout, /vnf|msix\[0\]/);
    const report = JSON.parse((await status(filter, '--json')).stdout);
    validateEnforceReport(report);
    assert.equal(
      report.domains.map(({ name, devices }: { name: string; devices: { interrupts: unknown[] }[] }) => [
        name,
        devices.map(({ interrupts }) => interrupts.length),
      ]),
      [['router', [1]]],
    );
    assert.is(report.summary.kept, 4);
  }
  assert.equal((await status('--contested')).stdout.split('\n').slice(0, 3), [
    'contested interrupts are unknown: no watcher was seen',
    '',
    TOTAL,
  ]);
});

test('with a watcher it is known that no interrupt is contested', async () => {
  const own = new RunningHost([guestOn('a', IN_PLACE)]);
  try {
    new InstanceLock(own.root).take();
    writeWatcherStatus(own.root, {
      ...{ pid: process.pid, since: '2026-01-01T00:00:00Z', untilIdle: false, way: 'events', reason: null },
      counters: emptyCounters(),
      contested: [],
    });
    const { stdout } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root, '--contested']);
    assert.is(stdout.split('\n')[0], 'no guest has contested interrupts');
  } finally {
    own.remove();
  }
});

test('--check of some guests does not report what is contested of others', async () => {
  const own = new RunningHost([guestOn('a', IN_PLACE), guestOn('b', IN_PLACE)]);
  try {
    new InstanceLock(own.root).take();
    writeWatcherStatus(own.root, {
      ...{ pid: process.pid, since: '2026-01-01T00:00:00Z', untilIdle: false, way: 'events', reason: null },
      counters: { ...emptyCounters(), contestedNow: 1 },
      contested: [{ domain: 'b', address: '0000:11:00.0', irq: 101 }],
    });
    for (const [names, expected] of [
      [[], 'PROBLEM: 1 interrupt contested (b)\n'],
      [['b'], 'PROBLEM: 1 interrupt contested (b)\n'],
      [['a'], 'OK: 1 interrupt of 1 guest in place\n'],
    ] as const) {
      const args = ['status', '--check', '--root', own.root, ...names];
      assert.is((await runInProcess('hostdev-cpuset', args)).stdout, expected);
    }
  } finally {
    own.remove();
  }
});

test('a share of what is shown is that of the whole device', async () => {
  assert.match(
    (await status('--misplaced', '--details')).stdout,
    /: auto -> 2-3, node 0, 25 % on vCPU CPUs, 75 % on other nodes$/m,
  );
});

test('names, or --details: a line an interrupt', async () => {
  const { stdout } = await status('vnf-2');
  assert.match(stdout, /^vnf-2 \(vCPUs: .*\n {4}IRQ /);
  assert.match(stdout, /^0 misplaced, 2 in place, 0 left alone$/m);
  assert.match((await status('--details')).stdout, /^plain \(.*^router \(.*^vnf-10 \(.*^vnf-2 \(/ms);
});

test('--root: the domains by the tree, by name, UUID or ID; never those of a libvirt', async () => {
  for (const name of ['router', '5b1c2ad4-9f0e-4c39-8a53-000000000002', '3'])
    assert.match((await status(name)).stdout, /^router \(/, name);
  for (const command of ['plan', 'enforce']) {
    const { stdout } = await runInProcess('hostdev-cpuset', [command, '--root', host.root, 'vnf-10']);
    assert.match(stdout, /^vnf-10 \(/);
  }
  const { code, stderr } = await status('nobody');
  assert.is(code, 2);
  assert.is(
    stderr,
    `hostdev-cpuset: no domain nobody runs below ${host.root}/run/libvirt/qemu: it has plain, router, vnf-2, vnf-10\n`,
  );
});

test('a file of libvirt that is no domain is an error with its place; the others are shown', async () => {
  const own = new RunningHost([guestOn('a', IN_PLACE), guestOn('b', IN_PLACE)]);
  try {
    own.write('host/run/libvirt/qemu/b.xml', '<domstatus>');
    const { code, stdout, stderr } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root]);
    assert.match(stderr, /^b:1:\d+: error: /);
    assert.match(stdout, /^a +1 /m);
    assert.is(code, 1);
  } finally {
    own.remove();
  }
});

test('without guests it says so', async () => {
  const empty = new RunningHost([{ name: 'plain', cpus: [5], devices: [] }]);
  const none = new RunningHost([]);
  try {
    for (const args of [
      ['--root', empty.root],
      ['--root', none.root],
      ['--root', none.root, '--details'],
    ]) {
      const { code, stdout } = await runInProcess('hostdev-cpuset', ['status', ...args]);
      assert.match(stdout, /^no running guest with host devices\n/);
      assert.is(code, 0);
    }
  } finally {
    empty.remove();
    none.remove();
  }
});

test('a shared line that is wanted elsewhere is a failure with its remedy', async () => {
  const own = new RunningHost([guestOn('a', ELSEWHERE)]);
  try {
    const irq = own.join('host/sys/kernel/irq/100');
    const address = '0000:10:00.0';
    writeFileSync(join(irq, 'actions'), `vfio-intx(${address}),ahci\n`);
    const { code, stdout } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root, 'a']);
    const text = stdout.replace(/\n +/g, ' ');
    assert.match(
      text,
      /warning: its INTx line is not placed: shared with ahci, and not on CPU 2-3; let the guest's driver use MSI/,
    );
    assert.match(text, 'echo 2-3 > /proc/irq/100/smp_affinity_list [shared-line]');
    assert.match(text, /100 .* fail +remote, shared with ahci/);
    assert.match(stdout, /^1 misplaced, 0 in place/m);
    assert.is(code, 1);
  } finally {
    own.remove();
  }
});

test('JSON: the host, when it was read, and what is wrong with it', async () => {
  const report = JSON.parse((await status('--json')).stdout);
  validateEnforceReport(report);
  assert.match(report.host.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.is(report.host.name, host.root);
  assert.equal(
    report.problems.map(({ rule }: { rule: string }) => rule),
    ['no-watcher'],
  );
  assert.equal(report.summary, {
    set: 1,
    kept: 4,
    skipped: 0,
    failed: 0,
    misplaced: 1,
    remote: 1,
    posted: 0,
    contested: 0,
  });
});

test('a running guest whose metadata has an error is shown, with what is placed all the same', async () => {
  const devices = [{ node: 0, policy: '3-2', interrupts: [ELSEWHERE] }, ...guestOn('bad', IN_PLACE).devices];
  const own = new RunningHost([{ ...guestOn('bad'), devices }]);
  const run = (...args: string[]) => runInProcess('hostdev-cpuset', [...args, '--root', own.root]);
  try {
    const all = await run('status');
    assert.match(all.stderr, /: error: cpuset: the range 3-2 is reversed/);
    assert.match(
      all.stdout,
      /^bad +2 +1 .* metadata-syntax\n\n1 guest with 2 interrupts: 0 misplaced, 1 in place, 1 remote\n/m,
    );
    assert.is(all.code, 1);
    const one = await run('status', 'bad', '--sample', '0');
    assert.match(
      one.stdout,
      /^ +error: the entry for [\s\S]* keep\n[\s\S]*^0 misplaced, 1 in place, 1 left alone, 1 remote/m,
    );
    assert.is(one.code, 1);
    const plan = await run('plan', 'bad');
    assert.is(plan.stdout, '', 'the definition is to be corrected first');
    assert.is(plan.code, 1);
  } finally {
    own.remove();
  }
});

test('of a document that cannot be read, status does not say that no guest runs', async () => {
  const path = host.join('broken.xml');
  writeFileSync(path, '<domain>');
  const { code, stdout, stderr } = await status(path, '--sample', '0');
  assert.match(stderr, /broken\.xml:1:\d+: error: /);
  assert.not.match(stdout, 'no running guest');
  assert.is(code, 1);
});

test('--check: one line, and the exit status', async () => {
  const check = await status('--check');
  assert.is(check.stderr, '');
  assert.is(
    check.stdout,
    'PROBLEM: 1 interrupt misplaced (router); no watcher runs: interrupts that appear from now on are not placed\n',
  );
  assert.is(check.code, 1);
  const failed = await status('--check', 'nobody');
  assert.match(failed.stdout, /^FAILED: no domain nobody runs [^\n]*\n$/);
  assert.is(failed.code, 2);
  for (const other of ['--json', '--details', '--misplaced', '--watch', '--html=x'])
    assert.is((await status('--check', other)).code, 2, other);
});

test('a guest whose definition has an error is listed first, and named', async () => {
  const own = new RunningHost([
    guestOn('fine', ELSEWHERE),
    { ...guestOn('wrong'), devices: [{ node: 0, policy: '9-3', interrupts: [IN_PLACE] }] },
  ]);
  try {
    const run = (...args: string[]) => runInProcess('hostdev-cpuset', ['status', '--root', own.root, ...args]);
    const { code, stdout, stderr } = await run();
    assert.match(stderr, /^wrong:\d+:\d+: error: cpuset: the range 9-3 is reversed \[metadata-syntax\]\n/);
    assert.match(stdout, /^GUEST .*\nwrong +1 +0 .* metadata-syntax\nfine +1 +0 +1 .*\n\n2 guests with 2 interrupts: /);
    assert.is(code, 1);
    assert.match(
      (await run('--check')).stdout,
      /^PROBLEM: 1 interrupt misplaced \(fine\); metadata-syntax \(wrong\); [^;]*\n$/,
    );
    const report = JSON.parse((await run('--json')).stdout);
    validateEnforceReport(report);
    assert.equal(
      report.problems.map(({ rule }: { rule: string }) => rule),
      ['no-watcher'],
    );
    // a rule that no plan has
    const path = own.join('host/run/libvirt/qemu/fine.xml');
    const virtio = "<interface type='bridge' cpuset='auto'><source bridge='br0'/><model type='virtio'/></interface>";
    writeFileSync(path, readFileSync(path, 'utf8').replace('</devices>', `${virtio}</devices>`));
    assert.match((await run('--check')).stdout, /; the definition of fine has errors\n$/);
  } finally {
    own.remove();
  }
});

test('--check: a name cannot begin the performance data that Nagios reads after a |', async () => {
  const own = new RunningHost([guestOn('a|b', ELSEWHERE)]);
  try {
    const run = (...args: string[]) =>
      runInProcess('hostdev-cpuset', ['status', '--check', '--root', own.root, ...args]);
    assert.match((await run()).stdout, /^PROBLEM: 1 interrupt misplaced \(a¦b\); [^|\n]*\n$/);
    assert.match((await run('x|y')).stdout, /^FAILED: no domain x¦y [^|\n]*\n$/);
    const { stdout } = await runInProcess('hostdev-cpuset', ['status', '--json', '--root', own.root]);
    const merged = await runInProcess('hostdev-cpuset', ['report', '--check', '-'], { input: stdout });
    assert.match(merged.stdout, /^PROBLEM: [^|\n]*a¦b[^|\n]*\n$/);
    const failed = await runInProcess('hostdev-cpuset', ['report', '--check', own.join('no|file')]);
    assert.match(failed.stdout, /^FAILED: [^|\n]*no¦file[^|\n]*\n$/);
    assert.is(failed.code, 2);
  } finally {
    own.remove();
  }
});

test('a watcher whose state cannot be read does run', async () => {
  const own = new RunningHost([guestOn('a', IN_PLACE)]);
  try {
    new InstanceLock(own.root).take();
    for (const text of [undefined, '{"pid":', '{}']) {
      if (text !== undefined) writeFileSync(join(own.root, 'run/hostdev-cpuset/watch.json'), text);
      const { stdout } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root]);
      assert.match(stdout.replace(/\n +/g, ' '), /^a watcher runs \(process \d+\), but its state is unknown: /m);
      const check = await runInProcess('hostdev-cpuset', ['status', '--check', '--root', own.root]);
      assert.match(check.stdout, /^PROBLEM: a watcher runs \(process \d+\), but its state is unknown: [^\n]*\n$/);
    }
  } finally {
    own.remove();
  }
});

test('--check on a host where all is well', async () => {
  const own = new RunningHost([{ ...guestOn('a'), devices: [{ node: 0, policy: 'native', interrupts: [ELSEWHERE] }] }]);
  try {
    const { code, stdout } = await runInProcess('hostdev-cpuset', ['status', '--check', '--root', own.root]);
    assert.is(stdout, 'OK: 0 interrupts of 1 guest in place\n');
    assert.is(code, 0);
  } finally {
    own.remove();
  }
});

test.run();
