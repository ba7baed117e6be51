import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SpooledCalls } from '../../src/hook/spooled-calls.js';
import { Spool } from '../../src/runtime/spool.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('spooled calls served by a hook');
const FOLDER = 'run/hostdev-cpuset/spool';
const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';
let folder: TemporaryFolder;

test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

function write(name: string, text: string, seconds = 1): void {
  utimesSync(folder.write(`${FOLDER}/${name}`, text), seconds, seconds);
}
const calls = (keep = false) => new SpooledCalls(folder.path, keep);
const names = () => readdirSync(folder.join(FOLDER));

test('calls are served oldest first, and files that no hook wrote are left to a watcher', () => {
  write('x.12', 'reconnect\n<domain/>', 2);
  write('x.11', 'reconnect\n<domain/>', 4);
  write('x.10', 'reconnect\n<domain/>', 3);
  write(UUID, 'started\n<domain/>', 1);
  for (const name of ['.new.1', `.taken.${UUID}`, 'garbage', `${UUID}x`, UUID.toUpperCase()]) write(name, 'started\n');
  mkdirSync(folder.join(FOLDER, 'x.1x'));
  assert.equal(calls().waiting(), [UUID, 'x.12', 'x.10', 'x.11']);
  for (const name of ['garbage', '../spool/x.12', '.new.1', '']) assert.is(calls().claim(name), undefined);
  assert.is(names().length, 10);
  write('x.13', 'no call');
  assert.is(calls().claim('x.13'), undefined);
  assert.ok(names().includes('.taken.x.13'), 'left for a watcher to report');
});

test('a call is claimed once', () => {
  write(UUID, 'release\n<domain/>');
  const call = calls().claim(UUID);
  const input = { bytes: Buffer.from('<domain/>') };
  assert.equal(call, { action: 'release', name: undefined, operation: 'release', input });
  assert.is(calls().claim(UUID), undefined);
  assert.equal(names(), []);
});

test('a claimed call that is kept is available to a watcher, not to other hooks', () => {
  write(UUID, 'started\n<domain/>');
  assert.is(calls(true).claim(UUID)?.action, 'pass');
  assert.equal(calls(true).waiting(), []);
  const { entries } = new Spool(folder.path).take();
  assert.equal(
    entries.map(({ operation }) => operation),
    ['started'],
  );
  assert.equal(names(), []);
});

test('a symbolic link or directory in place of a call is ignored', () => {
  write('x.3', 'started\n<domain/>');
  symlinkSync(folder.join(FOLDER, 'x.3'), folder.join(FOLDER, 'x.1'));
  mkdirSync(folder.join(FOLDER, 'x.2'));
  assert.is(calls().claim('x.1'), undefined);
  assert.is(calls().claim('x.2'), undefined);
  assert.ok(existsSync(folder.join(FOLDER, 'x.3')));
});

test('a missing spool counts as empty', () => {
  assert.equal(calls().waiting(), []);
  assert.is(calls().claim(UUID), undefined);
});

test.run();
