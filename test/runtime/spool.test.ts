import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Spool } from '../../src/runtime/spool.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite('spool');
const FOLDER = 'run/hostdev-cpuset/spool';
const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';
let folder: TemporaryFolder;
let spool: Spool;
test.before.each(() => {
  folder = new TemporaryFolder();
  spool = new Spool(folder.path);
  spool.open();
});
test.after.each(() => {
  spool.close();
  folder.remove();
});

const write = (name: string, text: string) => folder.write(`${FOLDER}/${name}`, text);
const names = () => readdirSync(folder.join(FOLDER));
const taken = () => spool.take().entries.map(({ operation, xml }) => [operation, Buffer.from(xml).toString()]);

test('calls are taken once, the oldest first', () => {
  write('b', 'release\n<domain/>');
  utimesSync(write('a', 'started\n<domain>\n</domain>'), 1, 1);
  utimesSync(folder.join(FOLDER, 'b'), 2, 2);
  assert.equal(taken(), [
    ['started', '<domain>\n</domain>'],
    ['release', '<domain/>'],
  ]);
  assert.equal(names(), []);
  assert.equal(taken(), []);
});

test('only the owner has access to the directory', () => {
  assert.is(statSync(folder.join(FOLDER)).mode & 0o777, 0o700);
});

test('a call that a killed watcher had taken is taken again', () => {
  write(`.taken.${UUID}`, 'started\n<domain/>');
  assert.equal(taken(), [['started', '<domain/>']]);
  assert.equal(names(), []);
});

test('a file that a hook is writing stays, until it is abandoned', () => {
  const path = write('.new.7', 'started\n<dom');
  assert.equal(spool.take(), { entries: [], problems: [] });
  assert.ok(existsSync(path));
  utimesSync(path, 1, 1);
  assert.equal(spool.take(), { entries: [], problems: [] });
  assert.not.ok(existsSync(path));
});

test('an abandoned file with a future time is removed, as after a clock change', () => {
  const path = write('.new.7', 'started\n<dom');
  const later = Date.now() / 1000 + 100_000;
  utimesSync(path, later, later);
  spool.take();
  assert.not.ok(existsSync(path));
});

for (const [name, add, words] of [
  ['an empty file', () => write('x', ''), 'not a call of the hook: removed'],
  ['garbage', () => write('x', '\0\xff<<<'), 'not a call of the hook: removed'],
  ['a link', () => symlinkSync(folder.write('outside', 'started\n'), folder.join(FOLDER, 'x')), 'a link: removed'],
  ['a FIFO', () => execFileSync('mkfifo', [folder.join(FOLDER, 'x')]), 'not a regular file: removed'],
  ['a socket', () => createServer().listen(folder.join(FOLDER, 'x')).unref(), 'not a regular file: removed'],
  ['a huge file', () => execFileSync('truncate', ['-s', '17M', write('x', 'started\n')]), 'too large: removed'],
  ['an empty folder', () => mkdirSync(folder.join(FOLDER, 'x')), 'a directory: removed'],
] as const) {
  test(`${name} is reported in one line and removed`, () => {
    add();
    assert.equal(spool.take(), { entries: [], problems: [`"x" in the spool: ${words}`] });
    assert.equal(names(), []);
    assert.equal(spool.take(), { entries: [], problems: [] });
  });
}

test('the target of a symbolic link is kept', () => {
  const outside = folder.write('outside', 'started\n<domain/>');
  symlinkSync(outside, folder.join(FOLDER, 'x'));
  spool.take();
  assert.is(readFileSync(outside, 'utf8'), 'started\n<domain/>');
});

test('a directory that is not empty stays, and is reported once', () => {
  write('x/y', '');
  assert.equal(spool.take().problems, ['"x" in the spool: ENOTEMPTY, cannot be removed']);
  assert.equal(spool.take().problems, []);
});

if (process.geteuid?.() === 0) {
  test("another user's file is reported in one line and removed", () => {
    chownSync(write('x', 'started\n<domain/>'), 65534, 65534);
    assert.equal(spool.take(), { entries: [], problems: ['"x" in the spool: another user\'s: removed'] });
    assert.equal(names(), []);
  });
}

test('an invalid file does not prevent taking valid ones', () => {
  write('x', '');
  write(UUID, 'started\n<domain/>');
  assert.equal(taken(), [['started', '<domain/>']]);
});

test('a directory that was removed is created and watched again', async () => {
  let notifications = 0;
  const reasons: string[] = [];
  spool.watch(
    () => notifications++,
    (reason) => reasons.push(reason),
  );
  rmSync(folder.join(FOLDER), { recursive: true });
  await until('created again', () => existsSync(folder.join(FOLDER)) && notifications > 0);
  notifications = 0;
  write(UUID, 'started\n<domain/>');
  await until('notified', () => notifications > 0);
  assert.is(taken().length, 1);
  assert.equal(reasons, []);
});

test('if the directory cannot be watched it is polled', async () => {
  // As with no inotify instance left: watching fails.
  rmSync(folder.join(FOLDER), { recursive: true });
  let calls = 0;
  spool.watch(
    () => calls++,
    () => assert.unreachable('the watch is given up'),
  );
  spool.open();
  write(UUID, 'started\n<domain/>');
  await until('it is read', () => calls > 0);
  assert.equal(taken(), [['started', '<domain/>']]);
  calls = 0;
  await until('it is read again', () => calls > 0);
  spool.close();
});

test('a symbolic link in place of the directory is rejected', () => {
  rmSync(folder.join(FOLDER), { recursive: true });
  symlinkSync('/tmp', folder.join(FOLDER));
  assert.throws(() => spool.open(), /ENOTDIR/);
});

test('a new file is notified', async () => {
  const notified = new Promise<void>((resolve, reject) => spool.watch(resolve, reject));
  write(UUID, 'started\n<domain/>');
  await notified;
  assert.is(taken().length, 1);
});

test.run();
