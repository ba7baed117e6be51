import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findFiles } from '../../src/cli/files/find-files.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite<{ folder: TemporaryFolder }>('finding files');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

function pathsOf(names: string[]): string[] {
  return findFiles(names).map(({ path }) => path);
}

/** The found files, relative to the folder. */
function found(folder: TemporaryFolder, ...names: string[]): string[] {
  return pathsOf(names.map((name) => folder.join(name))).map((path) => relative(folder.path, path));
}

test('a directory stands for all .xml files below it, in order of their names', ({ folder }) => {
  for (const name of ['b.xml', 'a/2.xml', 'a/1.xml', 'a/b/c/3.xml', 'c.txt', 'xml', 'd.XML', 'e.xml.bak']) {
    folder.write(name, '');
  }
  assert.equal(found(folder, '.'), ['a/1.xml', 'a/2.xml', 'a/b/c/3.xml', 'b.xml']);
});

test('hidden names and node_modules are skipped, unless they are named', ({ folder }) => {
  for (const name of ['.git/a.xml', '.#a.xml', 'node_modules/a.xml', 'x/node_modules/a.xml', 'x/a.xml']) {
    folder.write(name, '');
  }
  assert.equal(found(folder, '.'), ['x/a.xml']);
  assert.equal(found(folder, '.git', 'node_modules', '.#a.xml'), ['.git/a.xml', 'node_modules/a.xml', '.#a.xml']);
});

test('a directory whose name ends in .xml is a directory', ({ folder }) => {
  folder.write('a.xml/b.xml', '');
  assert.equal(found(folder, '.'), ['a.xml/b.xml']);
});

test('links to directories are not followed below a directory, so that loops are harmless', ({ folder }) => {
  folder.write('a/1.xml', '');
  symlinkSync('..', folder.join('a/loop'));
  symlinkSync('.', folder.join('a/self.xml'));
  assert.equal(found(folder, 'a'), ['a/1.xml']);
  assert.equal(found(folder, 'a/loop/a'), ['a/loop/a/1.xml']);
});

test('links to files are followed, and no file is found twice', ({ folder }) => {
  folder.write('guests/a.xml', '');
  mkdirSync(folder.join('guests/autostart'));
  symlinkSync('../a.xml', folder.join('guests/autostart/a.xml'));
  assert.equal(found(folder, 'guests/autostart'), ['guests/autostart/a.xml']);
  assert.equal(found(folder, 'guests').length, 1);
});

test('a dangling link is returned, so that reading it reports the error', ({ folder }) => {
  symlinkSync('nowhere', folder.join('a.xml'));
  symlinkSync('b.xml', folder.join('b.xml'));
  assert.equal(found(folder, '.'), ['a.xml', 'b.xml']);
});

test('an argument is returned as it is, whatever its name, even if missing', ({ folder }) => {
  folder.write('guest.txt', '');
  assert.equal(found(folder, 'guest.txt', 'absent'), ['guest.txt', 'absent']);
});

test('each file is returned once, whatever its names', ({ folder }) => {
  folder.write('a/1.xml', '');
  assert.equal(found(folder, 'a', 'a/1.xml', 'a/../a/1.xml', 'a'), ['a/1.xml']);
  assert.equal(pathsOf(['-', '-']), ['-']);
  assert.equal(pathsOf(['./-', '-']), ['./-', '-']);
});

test('a directory that cannot be listed is returned, so that reading it reports the error', ({ folder }) => {
  folder.write('open/a.xml', '');
  folder.write('closed/a.xml', '');
  chmodSync(folder.path, 0o755);
  chmodSync(folder.join('closed'), 0o311);
  assert.equal(
    asOrdinaryUser(() => found(folder, '.')),
    ['closed', 'open/a.xml'],
  );
});

test.run();
