import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MountList } from '../../src/host/mount-list.js';
import { Mounts } from '../../src/host/mounts.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('types of mounts');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const line = (mount: number, type: string) =>
  `${mount} 1 0:${mount} / /mnt/${'x'.repeat(mount % 100)} rw,relatime shared:5 master:1 - ${type} none rw\n`;
/** The type, or the code of the error. */
function typeIn(path: string, mount: string, now?: () => number) {
  const list = MountList.open(path, now);
  try {
    return list?.typeOf(mount);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    list?.close();
  }
}

test('each mount of this host', () => {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  for (const one of lines) {
    const [mount = ''] = one.split(' ');
    assert.is(typeIn('/proc/self/mountinfo', mount), one.split(' - ')[1]?.split(' ')[0]);
  }
});

test('a long list is read to the end, whole lines only', () => {
  const numbers = Array.from({ length: 2000 }, (_, index) => 1000 + index);
  const path = folder.write('mountinfo', numbers.map((number) => line(number, `type${number}`)).join(''));
  for (const number of numbers.filter((one) => one % 97 === 0)) assert.is(typeIn(path, `${number}`), `type${number}`);
  for (const absent of ['1', '100', '3000']) assert.is(typeIn(path, absent), undefined);
  assert.is(typeIn(folder.join('none'), '1'), undefined);
});

test('a list that takes too long is given up, but not a short one on a busy host', () => {
  let now = 0;
  const slow = () => (now += 30);
  const text = (count: number) => Array.from({ length: count }, (_, index) => line(1000 + index, 'tmpfs')).join('');
  assert.is(typeIn(folder.write('short', text(60)), '1', slow), undefined);
  assert.is(typeIn(folder.write('long', text(600)), '1', slow), 'ETIME');
});

test('a list is read as far as it is needed, and from there on when another mount is asked for', () => {
  const numbers = Array.from({ length: 200 }, (_, index) => 1000 + index);
  const path = folder.write('mountinfo', numbers.map((number) => line(number, `type${number}`)).join(''));
  const list = MountList.open(path);
  const types = ['1003', '1199', '1000', '1100', '9'].map((mount) => list?.typeOf(mount));
  assert.equal(types, ['type1003', 'type1199', 'type1000', 'type1100', undefined]);
  list?.close();
});

test('mounts that only root can have made are read once, and others anew for each file', () => {
  folder.write('proc/7/mountinfo', line(1000, 'tmpfs'));
  const typesWhile = (own: string) => {
    for (const [pid, namespace] of Object.entries({ 1: 'user:[1]', 7: own })) {
      rmSync(folder.join('proc', pid, 'ns'), { recursive: true, force: true });
      mkdirSync(folder.join('proc', pid, 'ns'), { recursive: true });
      symlinkSync(namespace, folder.join('proc', pid, 'ns/user'));
    }
    folder.write('proc/7/mountinfo', line(1000, 'tmpfs'));
    const mounts = new Mounts(folder.path, 7);
    const typeOf = () => mounts.typeOf({ flags: 0, mount: '1000', inode: undefined });
    const before = typeOf();
    folder.write('proc/7/mountinfo', line(1000, 'fuse'));
    const after = typeOf();
    mounts.close();
    return [before, after];
  };
  assert.equal(typesWhile('user:[1]'), ['tmpfs', 'tmpfs']);
  assert.equal(typesWhile('user:[2]'), ['tmpfs', 'fuse']);
});

test('the lists of one process are read for a limited time, however many files are on mounts of their own', () => {
  folder.write('proc/7/mountinfo', line(1000, 'tmpfs'));
  let now = 0;
  const mounts = new Mounts(folder.path, 7, () => (now += 50));
  const typeOf = (mount: string) => {
    try {
      return mounts.typeOf({ flags: 0, mount, inode: undefined });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  const found = Array.from({ length: 100 }, () => typeOf('1000'));
  assert.equal([found[0], found[1], found.at(-1)], ['tmpfs', 'tmpfs', 'ETIME']);
  assert.ok(now < 1000, `${now}`);
});

test.run();
