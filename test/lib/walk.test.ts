import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { cwd } from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { using } from '../../src/lib/open-folder.js';
import { type WalkOptions, walk } from '../../src/lib/walk.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('walk along a path');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  folder.write('a/b/file', 'text');
});
test.after.each(() => folder.remove());

/** Descriptors on the test's folder, its contents and its parents. Node opens others of its own meanwhile. */
function openFiles(): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor of the list itself
    }
  });
  const isParent = (target: string) => target.startsWith('/') && folder.path.startsWith(target);
  return targets.filter((target) => isParent(target) || target.startsWith(folder.path)).length;
}

/** Reads the file at a path, and checks that all descriptors are closed. */
function read(path: string, options: WalkOptions = { root: folder.path }): string {
  const before = openFiles();
  try {
    const { folder: open, name } = walk(path, options);
    return using(open, () => open.in(name, (real) => readFileSync(real, 'utf8')));
  } finally {
    assert.is(openFiles(), before, `descriptors are left open: ${path}`);
  }
}

const codeOf = (path: string, options?: WalkOptions) => {
  try {
    return read(path, options);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

test('a path without links, in any notation', () => {
  for (const path of ['a/b/file', '/a/b/file', './a//b/./file', 'a/../a/b/../b/file', '../../a/b/file']) {
    assert.is(read(path), 'text', path);
  }
  assert.is(read(folder.join('a/b/file'), {}), 'text');
  assert.is(read(relative(cwd(), folder.join('a/b/file')), {}), 'text');
});

test('missing paths and paths through a file are errors', () => {
  assert.equal(
    ['x', 'x/y', 'a/b/file/x', 'a/b/file/'].map((path) => codeOf(path)),
    ['ENOENT', 'ENOENT', 'ENOTDIR', 'ENOTDIR'],
  );
  assert.is(codeOf('a/b'), 'EISDIR');
  assert.is(codeOf('a/b/'), 'EISDIR');
});

test('links below a root resolve below it, as for a process with that root', () => {
  symlinkSync('/a', folder.join('absolute'));
  symlinkSync('../../../../a/b', folder.join('a/above'));
  symlinkSync('absolute/b', folder.join('chain'));
  for (const path of ['absolute/b/file', 'a/above/file', 'chain/file']) assert.is(read(path), 'text', path);
  symlinkSync(folder.path, folder.join('outside'));
  assert.is(codeOf('outside/a/b/file'), 'ENOENT');
});

test('without a root, links resolve as in the kernel', () => {
  symlinkSync(folder.join('a'), folder.join('absolute'));
  symlinkSync('../a/b', folder.join('a/relative'));
  const seen: string[] = [];
  const link = (path: string) => seen.push(path);
  for (const path of ['absolute/b/file', 'a/relative/file']) {
    assert.is(read(folder.join(path), { link }), 'text', path);
  }
  assert.equal(seen, [folder.join('absolute'), folder.join('a/relative')]);
});

test('the last part is not followed, unless requested', () => {
  symlinkSync('a/b/file', folder.join('link'));
  const { folder: open, name } = walk('link', { root: folder.path });
  open.close();
  assert.is(name, 'link');
  const followed = walk('link', { root: folder.path, followLast: true });
  assert.is(followed.name, 'file');
  assert.is(followed.folder.path, folder.join('a/b'));
  followed.folder.close();
});

test('a link to itself fails with ELOOP, and a link can be refused', () => {
  symlinkSync('loop', folder.join('loop'));
  assert.is(codeOf('loop/x'), 'ELOOP');
  const link = () => {
    throw new Error('no');
  };
  symlinkSync('a', folder.join('link'));
  assert.throws(() => read('link/b/file', { root: folder.path, link }), 'no');
});

test('a link that is replaced while it is read is not followed', () => {
  symlinkSync('a', folder.join('link'));
  const link = () => {
    symlinkSync('elsewhere', folder.join('new'));
    renameSync(folder.join('new'), folder.join('link'));
  };
  mkdirSync(folder.join('elsewhere'));
  assert.is(codeOf('link/b/file', { root: folder.path, link }), 'ESTALE');
});

test('directories are created on request', () => {
  const { folder: open, name } = walk('x/y/z', { root: folder.path, makeMode: 0o755 });
  open.close();
  assert.is(name, 'z');
  assert.equal(readdirSync(folder.join('x')), ['y']);
});

test.run();
