import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processIdentity } from '../../src/lib/process-lock.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { acquireInstanceLock } from '../../src/runtime/instance-take-over.js';
import { removeLeftovers } from '../../src/runtime/leftovers.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const test = suite('instance lock of the watcher');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const FILE = 'run/hostdev-cpuset/watch.pid';
const names = () => readdirSync(folder.join('run/hostdev-cpuset'));

test('the lock is taken, held and released without leaving files', () => {
  const lock = new InstanceLock(folder.path);
  assert.is(lock.holder(), undefined);
  assert.equal(lock.take(), { taken: true });
  assert.is(lock.holder(), process.pid);
  assert.equal(new InstanceLock(folder.path).take(), { taken: false, pid: process.pid });
  assert.equal(names(), ['watch.pid']);
  lock.release();
  assert.equal(names(), []);
});

test("the file has the holder's start time from the kernel", () => {
  new InstanceLock(folder.path).take();
  const start = /.*\) (?:\S+ ){19}(\d+)/s.exec(readFileSync(`/proc/${process.pid}/stat`, 'utf8'))?.[1];
  assert.is(readFileSync(folder.join(FILE), 'utf8'), `${process.pid} ${start}\n`);
});

test('a starting watcher removes files that killed processes left, but none that are in use', () => {
  const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';
  const random = 'a'.repeat(24);
  const dead = spawnSync('true').pid;
  const of = (pid: number) => [
    ...[`.tmp-${pid}-${random}`, `${UUID}.json.${pid}-${random}`, `watch.pid.${pid}`],
    ...[`watch.pid.dead.${pid}`, `${UUID.replace('5', '7')}.lock.dead.${pid}`],
  ];
  const kept = [`${UUID}.json`, 'watch.json', 'devices', `.tmp-${'b'.repeat(24)}`, '.tmp-x', ...of(process.pid)];
  const old = [`.tmp-${random}`, `${UUID}.json.${random}`];
  const future = `.tmp-${'c'.repeat(24)}`;
  for (const name of [...kept, ...of(dead), ...old, future]) folder.write(`run/hostdev-cpuset/${name}`, '');
  const longAgo = Date.now() / 1000 - 61;
  for (const name of old) utimesSync(folder.join('run/hostdev-cpuset', name), longAgo, longAgo);
  // from before the clock was set back
  utimesSync(folder.join('run/hostdev-cpuset', future), longAgo + 3600, longAgo + 3600);
  symlinkSync(`${dead} 1`, folder.join(`run/hostdev-cpuset/${UUID}.lock`));
  const held = `${UUID.replace('5', '6')}.lock`;
  symlinkSync(processIdentity(process.pid), folder.join('run/hostdev-cpuset', held));
  removeLeftovers(folder.path);
  assert.equal(names().sort(), [...kept, held].sort());
  removeLeftovers(folder.join('none'));
  assert.not(existsSync(folder.join('none')));
});

test('the lock of a dead process is taken over', async () => {
  const child = spawn('true');
  await once(child, 'close');
  folder.write(FILE, `${child.pid} 1\n`);
  assert.is(new InstanceLock(folder.path).holder(), undefined);
  assert.equal(new InstanceLock(folder.path).take(), { taken: true });
  assert.equal(names(), ['watch.pid']);
});

test('a PID that is another process now does not hold the lock', () => {
  folder.write(FILE, `${process.pid} 1\n`);
  const lock = new InstanceLock(folder.path);
  assert.is(lock.holder(), undefined);
  lock.release();
  assert.ok(existsSync(folder.join(FILE)), 'a lock of another process is not removed');
  assert.equal(lock.take(), { taken: true });
});

for (const [name, content] of [
  ['empty', ''],
  ['garbage', '../../etc 0\n'],
  ['an endless number', `${'9'.repeat(400)} 1\n`],
] as const) {
  test(`a file that is ${name} is taken over`, () => {
    folder.write(FILE, content);
    assert.equal(new InstanceLock(folder.path).take(), { taken: true });
  });
}

test('a symbolic link in lock of the directory is rejected', () => {
  folder.write('run/x', '');
  symlinkSync('/tmp', folder.join('run/hostdev-cpuset'));
  assert.throws(() => new InstanceLock(folder.path).take(), /ENOTDIR/);
});

test('a directory in lock of the lock is taken over', () => {
  mkdirSync(folder.join(FILE), { recursive: true });
  writeFileSync(folder.join(FILE, 'x'), '');
  assert.equal(new InstanceLock(folder.path).take(), { taken: true });
});

test('after stepDown a process does not hold the lock, is known until its end, and can take it again', () => {
  const lock = new InstanceLock(folder.path);
  lock.stepDown();
  assert.is(lock.stopping(), undefined, 'the lock was not held');
  lock.take();
  lock.stepDown();
  assert.equal([lock.holder(), lock.stopping()], [undefined, process.pid]);
  assert.equal(names(), ['watch.stopping']);
  assert.equal(lock.take(), { taken: true });
  assert.equal(names(), ['watch.pid']);
  lock.stepDown();
  lock.release();
  assert.equal(names(), []);
});

test('the next watcher waits for the end of a process that stepped down', async () => {
  const child = spawn('sleep', ['600']);
  const start = /.*\) (?:\S+ ){19}(\d+)/s.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1];
  folder.write('run/hostdev-cpuset/watch.stopping', `${child.pid} ${start}\n`);
  const clock = installClock();
  let isAcquired = false;
  const lock = new InstanceLock(folder.path);
  const acquired = acquireInstanceLock(lock, { root: folder.path, untilIdle: false }).then(() => {
    isAcquired = true;
  });
  try {
    await until('it is taken', () => lock.holder() === process.pid);
    await clock.tickAsync(4000);
    assert.not.ok(isAcquired, 'taken, but not acquired yet');
    child.kill();
    await once(child, 'close');
    await clock.tickAsync(1000);
    await acquired;
  } finally {
    clock.uninstall();
  }
});

test.run();
