import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OpenFolder, using } from '../../src/lib/open-folder.js';
import { processIdentity, removeAbandonedLock, runningProcess } from '../../src/lib/process-lock.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('process locks');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const remove = (isHeld: (name: string) => boolean) =>
  using(OpenFolder.open(folder.path), (open) => removeAbandonedLock(open, 'lock', process.pid, isHeld));

test('an identity names a process while it runs', () => {
  assert.match(processIdentity(process.pid), new RegExp(`^${process.pid} \\d+$`));
  assert.is(runningProcess(processIdentity(process.pid)), process.pid);
  const { pid } = spawnSync('true');
  assert.is(processIdentity(pid), `${pid} `);
});

for (const identity of [
  '',
  '1',
  ' ',
  `${process.pid}`,
  `${process.pid} `,
  `${process.pid} 1`,
  `0 1`,
  '-1 1',
  '../1 1',
]) {
  test(`"${identity.replace(String(process.pid), 'PID')}" names no running process`, () => {
    assert.is(runningProcess(identity), undefined);
  });
}

test('an abandoned lock is removed, whatever its file type', () => {
  const kinds = [
    () => writeFileSync(folder.join('lock'), 'x'),
    () => symlinkSync('x', folder.join('lock')),
    () => mkdirSync(folder.join('lock/inner'), { recursive: true }),
  ];
  for (const make of kinds) {
    make();
    remove(() => false);
    assert.equal(readdirSync(folder.path), []);
  }
});

test('a lock that another process has taken meanwhile is put back', () => {
  writeFileSync(folder.join('lock'), 'new');
  remove(() => true);
  assert.equal([readdirSync(folder.path), readFileSync(folder.join('lock'), 'utf8')], [['lock'], 'new']);
});

test('a lock that is a symbolic link is put back, too', () => {
  symlinkSync('new', folder.join('lock'));
  remove(() => true);
  assert.equal([readdirSync(folder.path), readlinkSync(folder.join('lock'))], [['lock'], 'new']);
});

test('a third process that has locked in between keeps its lock', () => {
  writeFileSync(folder.join('lock'), 'second');
  writeFileSync(folder.join('third'), 'third');
  remove(() => {
    linkSync(folder.join('third'), folder.join('lock'));
    return true;
  });
  assert.is(readFileSync(folder.join('lock'), 'utf8'), 'third');
  assert.equal(readdirSync(folder.path), ['lock', 'third']);
});

test('a missing lock is not an error', () => {
  remove(() => false);
  assert.equal(readdirSync(folder.path), []);
});

test.run();
