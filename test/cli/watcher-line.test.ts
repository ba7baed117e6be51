import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Io } from '../../src/cli/io.js';
import { watcherText } from '../../src/cli/status/watcher-line.js';
import { reportOf } from '../../src/report/report.js';
import { emptyCounters } from '../../src/runtime/counters.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { readWatcherStatus, writeWatcherStatus } from '../../src/runtime/watcher-status.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('watcher line of status');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  new InstanceLock(folder.path).take();
});
test.after.each(() => folder.remove());

const io = { userId: () => 0 } as Io;
const A = '0000:82:00.0';

function publish(contested: { domain: string; address: string; irq: number }[], contestedNow = contested.length): void {
  writeWatcherStatus(folder.path, {
    ...{ pid: process.pid, since: '2026-01-01T00:00:00Z', untilIdle: false, way: 'events', reason: null },
    counters: { ...emptyCounters(), interrupts: 4, repairs: 7, contested: 9, contestedNow },
    contested,
  });
}

const lines = () => watcherText(folder.path, io)?.split('\n').slice(1);

test('without contested interrupts none is listed', () => {
  publish([]);
  assert.match(watcherText(folder.path, io) ?? '', /4 interrupts managed, 7 repairs\n {2}trace events/);
  assert.is(lines()?.length, 1);
});

test('contested interrupts are listed with domain, device and IRQ', () => {
  publish([41, 42, 40].map((irq) => ({ domain: 'guest', address: A, irq })));
  assert.is(lines()?.[1], `  contested, another program keeps moving them: guest ${A} IRQ 40-42`);
  publish(Array.from({ length: 101 }, (_, irq) => ({ domain: 'guest', address: A, irq })));
  assert.match(lines()?.[1] ?? '', / IRQ 0-99, and 1 more$/);
  publish([{ domain: 'a\nb', address: A, irq: 41 }], 3);
  assert.match(lines()?.[1] ?? '', new RegExp(`^ {2}contested.*a\\S+b ${A} IRQ 41, and 2 more$`));
});

test('if irqbalance does not use the policy script, the reason and the remedy are shown', () => {
  publish([]);
  folder.write('proc/812/comm', 'irqbalance\n');
  folder.write('proc/812/status', 'Uid:\t0\t0\t0\t0\n');
  folder.write('proc/812/cmdline', 'irqbalance\0--foreground\0');
  folder.write('lib/systemd/system/irqbalance.service', '[Service]\nExecStart=/x --foreground $IRQBALANCE_ARGS\n');
  assert.is(lines()?.length, 1, 'the script is not installed');
  folder.write('etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf', '');
  const start = '  irqbalance (pid 812) does not use the policy script: ';
  assert.is(lines()?.[1], `${start}systemctl try-restart irqbalance`);
  folder.write('etc/default/irqbalance', 'IRQBALANCE_ARGS=\n');
  const remedy = 'add --policyscript=/etc/hostdev-cpuset/irqbalance.d to it, then systemctl try-restart irqbalance';
  assert.is(
    lines()?.[1],
    `${start}/etc/default/irqbalance sets IRQBALANCE_ARGS to nothing, which has precedence: ${remedy}`,
  );
  folder.write('proc/812/cmdline', 'irqbalance\0--policyscript=/etc/hostdev-cpuset/irqbalance.d\0');
  assert.is(lines()?.length, 1);
});

test('the status of an older watcher can be read', () => {
  const { contestedNow: _, remote: __, ...counters } = emptyCounters();
  const status = { pid: process.pid, since: 'x', untilIdle: false, way: 'events', reason: null, counters };
  folder.write('run/hostdev-cpuset/watch.json', JSON.stringify(status));
  assert.is(lines()?.length, 1);
});

test('the status is valid against the schema of reports', () => {
  publish([{ domain: 'guest', address: A, irq: 41 }]);
  validateEnforceReport({
    ...reportOf([], { nodes: [], posting: { possible: false, evidence: 'x' } }),
    watcher: readWatcherStatus(folder.path),
  });
});

test.run();
