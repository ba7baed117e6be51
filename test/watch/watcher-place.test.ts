import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite("the watcher's place");
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const FILE = 'run/hostdev-cpuset/watch.pid';
const names = () => readdirSync(folder.join('run/hostdev-cpuset'));

test('is taken, held and left; nothing lies about', () => {
  const place = new InstanceLock(folder.path);
  assert.is(place.holder(), undefined);
  assert.equal(place.take(), { taken: true });
  assert.is(place.holder(), process.pid);
  assert.equal(new InstanceLock(folder.path).take(), { taken: false, pid: process.pid });
  assert.equal(names(), ['watch.pid']);
  place.release();
  assert.equal(names(), []);
});

test("names the holder's start, as the kernel says it", () => {
  new InstanceLock(folder.path).take();
  const start = /.*\) (?:\S+ ){19}(\d+)/s.exec(readFileSync(`/proc/${process.pid}/stat`, 'utf8'))?.[1];
  assert.is(readFileSync(folder.join(FILE), 'utf8'), `${process.pid} ${start}\n`);
});

test('of a process that is dead it is taken over', async () => {
  const child = spawn('true');
  await once(child, 'close');
  folder.write(FILE, `${child.pid} 1\n`);
  assert.is(new InstanceLock(folder.path).holder(), undefined);
  assert.equal(new InstanceLock(folder.path).take(), { taken: true });
  assert.equal(names(), ['watch.pid']);
});

test('a pid that is another process by now does not hold it', () => {
  folder.write(FILE, `${process.pid} 1\n`);
  const place = new InstanceLock(folder.path);
  assert.is(place.holder(), undefined);
  place.release();
  assert.ok(existsSync(folder.join(FILE)), "another one's is not removed");
  assert.equal(place.take(), { taken: true });
});

for (const [name, content] of [
  ['empty', ''],
  ['garbage', '../../etc 0\n'],
  ['an endless number', `${'9'.repeat(400)} 1\n`],
] as const) {
  test(`${name}: is taken over`, () => {
    folder.write(FILE, content);
    assert.equal(new InstanceLock(folder.path).take(), { taken: true });
  });
}

test('a folder that is a link is none of ours', () => {
  folder.write('run/x', '');
  symlinkSync('/tmp', folder.join('run/hostdev-cpuset'));
  assert.throws(() => new InstanceLock(folder.path).take(), /ENOTDIR/);
});

test('a folder in its place is taken over', () => {
  mkdirSync(folder.join(FILE), { recursive: true });
  writeFileSync(folder.join(FILE, 'x'), '');
  assert.equal(new InstanceLock(folder.path).take(), { taken: true });
});

test.run();
