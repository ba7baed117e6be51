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

const leave = (name: string, text: string) => folder.write(`${FOLDER}/${name}`, text);
const names = () => readdirSync(folder.join(FOLDER));
const taken = () => spool.take().entries.map(({ operation, xml }) => [operation, Buffer.from(xml).toString()]);

test('what was left is taken once, the oldest first', () => {
  leave('b', 'release\n<domain/>');
  utimesSync(leave('a', 'started\n<domain>\n</domain>'), 1, 1);
  utimesSync(folder.join(FOLDER, 'b'), 2, 2);
  assert.equal(taken(), [
    ['started', '<domain>\n</domain>'],
    ['release', '<domain/>'],
  ]);
  assert.equal(names(), []);
  assert.equal(taken(), []);
});

test('the folder is for its owner alone', () => {
  assert.is(statSync(folder.join(FOLDER)).mode & 0o777, 0o700);
});

test('what a killed watcher had taken is taken again', () => {
  leave(`.taken.${UUID}`, 'started\n<domain/>');
  assert.equal(taken(), [['started', '<domain/>']]);
  assert.equal(names(), []);
});

test('what a hook is writing is left to it, until it is nobody’s', () => {
  const path = leave('.new.7', 'started\n<dom');
  assert.equal(spool.take(), { entries: [], problems: [] });
  assert.ok(existsSync(path));
  utimesSync(path, 1, 1);
  assert.equal(spool.take(), { entries: [], problems: [] });
  assert.not.ok(existsSync(path));
});

test('so it is if its time is in the future: the clock was set back', () => {
  const path = leave('.new.7', 'started\n<dom');
  const later = Date.now() / 1000 + 100_000;
  utimesSync(path, later, later);
  spool.take();
  assert.not.ok(existsSync(path));
});

for (const [name, add, words] of [
  ['an empty file', () => leave('x', ''), 'not a call of the hook: removed'],
  ['garbage', () => leave('x', '\0\xff<<<'), 'not a call of the hook: removed'],
  ['a link', () => symlinkSync(folder.write('outside', 'started\n'), folder.join(FOLDER, 'x')), 'a link: removed'],
  ['a FIFO', () => execFileSync('mkfifo', [folder.join(FOLDER, 'x')]), 'not a regular file: removed'],
  ['a socket', () => createServer().listen(folder.join(FOLDER, 'x')).unref(), 'not a regular file: removed'],
  ['a huge file', () => execFileSync('truncate', ['-s', '17M', leave('x', 'started\n')]), 'too large: removed'],
  ['an empty folder', () => mkdirSync(folder.join(FOLDER, 'x')), 'a directory: removed'],
] as const) {
  test(`${name} is one line, and gone`, () => {
    add();
    assert.equal(spool.take(), { entries: [], problems: [`"x" in the spool: ${words}`] });
    assert.equal(names(), []);
    assert.equal(spool.take(), { entries: [], problems: [] });
  });
}

test('a link leads nowhere: what it points to stays', () => {
  const outside = folder.write('outside', 'started\n<domain/>');
  symlinkSync(outside, folder.join(FOLDER, 'x'));
  spool.take();
  assert.is(readFileSync(outside, 'utf8'), 'started\n<domain/>');
});

test('a folder with something in it stays, and is said once', () => {
  leave('x/y', '');
  assert.equal(spool.take().problems, ['"x" in the spool: ENOTEMPTY, cannot be removed']);
  assert.equal(spool.take().problems, []);
});

if (process.geteuid?.() === 0) {
  test("another user's file is one line, and gone", () => {
    chownSync(leave('x', 'started\n<domain/>'), 65534, 65534);
    assert.equal(spool.take(), { entries: [], problems: ['"x" in the spool: another user\'s: removed'] });
    assert.equal(names(), []);
  });
}

test('one bad file keeps no good one', () => {
  leave('x', '');
  leave(UUID, 'started\n<domain/>');
  assert.equal(taken(), [['started', '<domain/>']]);
});

test('a folder that is removed is made again, and watched', async () => {
  let tellings = 0;
  const reasons: string[] = [];
  spool.watch(
    () => tellings++,
    (reason) => reasons.push(reason),
  );
  rmSync(folder.join(FOLDER), { recursive: true });
  await until('made again', () => existsSync(folder.join(FOLDER)) && tellings > 0);
  tellings = 0;
  leave(UUID, 'started\n<domain/>');
  await until('told', () => tellings > 0);
  assert.is(taken().length, 1);
  assert.equal(reasons, []);
});

test('where the folder cannot be watched it is read at intervals', async () => {
  // As with no inotify instance left: watching fails.
  rmSync(folder.join(FOLDER), { recursive: true });
  let calls = 0;
  spool.watch(
    () => calls++,
    () => assert.unreachable('it is not given up'),
  );
  spool.open();
  leave(UUID, 'started\n<domain/>');
  await until('it is read', () => calls > 0);
  assert.equal(taken(), [['started', '<domain/>']]);
  calls = 0;
  await until('it is read again', () => calls > 0);
  spool.close();
});

test('a folder that is a link is none of ours', () => {
  rmSync(folder.join(FOLDER), { recursive: true });
  symlinkSync('/tmp', folder.join(FOLDER));
  assert.throws(() => spool.open(), /ENOTDIR/);
});

test('tells when something is left', async () => {
  const heard = new Promise<void>((resolve, reject) => spool.watch(resolve, reject));
  leave(UUID, 'started\n<domain/>');
  await heard;
  assert.is(taken().length, 1);
});

test.run();
