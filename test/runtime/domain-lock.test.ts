import { spawnSync } from 'node:child_process';
import {
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processIdentity } from '../../src/lib/process-lock.js';
import { tryDomainLock, withDomainLock } from '../../src/runtime/domain-lock.js';
import { UUID } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installClock } from '../support/test-clock.js';

const test = suite('domain lock');
let folder: TemporaryFolder;
let state: string;
let lock: string;
let pauses: number;

test.before.each(() => {
  folder = new TemporaryFolder();
  folder.write('run/hostdev-cpuset/.keep', '');
  state = folder.join('run/hostdev-cpuset');
  lock = join(state, `${UUID}.lock`);
  pauses = 0;
});
test.after.each(() => folder.remove());

const pause = (milliseconds: number) => {
  pauses++;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};
const held = () => withDomainLock({ root: folder.path, pause }, UUID, () => readlinkSync(lock));

test('the lock exists while the action runs, and is removed after it', () => {
  assert.is(held(), processIdentity(process.pid));
  assert.equal(readdirSync(state), ['.keep']);
});

test('the lock is removed after an action that throws', () => {
  const throwing = () =>
    withDomainLock({ root: folder.path, pause }, UUID, () => {
      throw new Error('no');
    });
  assert.throws(throwing, 'no');
  assert.equal(readdirSync(state), ['.keep']);
});

test('the directory is created, for root only', () => {
  const root = folder.join('another');
  mkdirSync(root);
  const modeOf = () => statSync(folder.join('another/run/hostdev-cpuset')).mode & 0o777;
  assert.is(withDomainLock({ root, pause }, UUID, modeOf), 0o700);
});

test("another process's lock is waited for", () => {
  symlinkSync(processIdentity(1), lock);
  const free = (milliseconds: number) => {
    pause(milliseconds);
    if (pauses === 3) unlinkSync(lock);
  };
  assert.is(
    withDomainLock({ root: folder.path, pause: free }, UUID, () => readlinkSync(lock)),
    processIdentity(process.pid),
  );
  assert.is(pauses, 3);
});

test("the wait is limited: then the action runs nevertheless, and the lock stays the other process's", () => {
  symlinkSync(processIdentity(1), lock);
  assert.is(held(), processIdentity(1));
  assert.ok(pauses > 0 && pauses <= 200, `${pauses} pauses of 10 ms`);
  assert.is(readlinkSync(lock), processIdentity(1));
});

test('tryDomainLock does not wait and does not run the action if another process holds the lock', () => {
  symlinkSync(processIdentity(1), lock);
  assert.is(
    tryDomainLock(folder.path, UUID, () => assert.unreachable()),
    undefined,
  );
  unlinkSync(lock);
  assert.equal(
    tryDomainLock(folder.path, UUID.toUpperCase(), () => readlinkSync(lock)),
    { result: processIdentity(process.pid) },
  );
  assert.equal(readdirSync(state), ['.keep']);
});

test('without a valid UUID no lock file is created', () => {
  const names = () => readdirSync(state);
  for (const uuid of [undefined, '../x', 'guest'])
    assert.equal(withDomainLock({ root: folder.path, pause }, uuid, names), ['.keep']);
});

test("a dead process's lock is taken over at once", () => {
  symlinkSync(`${spawnSync('true').pid} 1`, lock);
  assert.is(held(), processIdentity(process.pid));
  assert.is(pauses, 0);
  assert.equal(readdirSync(state), ['.keep']);
});

test('a lock whose PID is another process now is taken over at once', () => {
  symlinkSync(`${process.ppid} 1`, lock);
  assert.is(held(), processIdentity(process.pid));
  assert.is(pauses, 0);
});

test('a lock that a running process has held for more than a minute, or since before the clock was set back, is taken over', () => {
  for (const seconds of [-61, 3600]) {
    symlinkSync(processIdentity(1), lock);
    const time = Date.now() / 1000 + seconds;
    lutimesSync(lock, time, time);
    assert.is(held(), processIdentity(process.pid));
    assert.is(pauses, 0);
  }
});

test('a clock that is set back does not make the wait longer', () => {
  symlinkSync(processIdentity(1), lock);
  const clock = installClock();
  try {
    const limited = (milliseconds: number) => {
      pause(milliseconds);
      assert.ok(pauses < 1000);
    };
    withDomainLock({ root: folder.path, pause: limited }, UUID, () => {});
  } finally {
    clock.uninstall();
  }
});

test('a lock that another process has taken over meanwhile is not removed', () => {
  withDomainLock({ root: folder.path, pause }, UUID, () => {
    rmSync(lock);
    symlinkSync(processIdentity(1), lock);
  });
  assert.is(readlinkSync(lock), processIdentity(1));
});

test('if the lock cannot be created the action runs nevertheless', () => {
  const file = folder.write('file', '');
  assert.is(
    withDomainLock({ root: file, pause }, UUID, () => 'done'),
    'done',
  );
  assert.is(pauses, 0);
});

test('the lock excludes concurrent processes', async () => {
  const counter = folder.write('counter', '0');
  const program = folder.write(
    'count.mjs',
    `import { readFileSync, writeFileSync } from 'node:fs';
    import { withDomainLock } from ${JSON.stringify(`${projectRoot}dist/modules/src/runtime/domain-lock.js`)};
    const pause = (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    for (let i = 0; i < 20; i++) {
      withDomainLock({ root: ${JSON.stringify(folder.path)}, pause }, '${UUID}', () => {
        const count = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
        pause(1);
        writeFileSync(${JSON.stringify(counter)}, String(count + 1));
      });
    }`,
  );
  const args = [program];
  const outcomes = await Promise.all([1, 2, 3].map(() => run(process.execPath, args, { cwd: projectRoot })));
  for (const { code, stderr } of outcomes) assert.is(code, 0, stderr);
  assert.is(readFileSync(counter, 'utf8'), '60');
});

test.run();
