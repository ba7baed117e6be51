import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OpenFolder, using } from '../../src/lib/open-folder.js';
import { removeTree } from '../../src/lib/remove-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('removeTree');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const remove = (name: string) => using(OpenFolder.open(folder.path), (open) => removeTree(open, name));

test('files, directories and links are removed; the targets of links stay', () => {
  folder.write('kept/file', '');
  folder.write('gone/a/b', '');
  mkdirSync(folder.join('gone/c'));
  symlinkSync('../kept', folder.join('gone/link'));
  remove('gone');
  assert.equal(readdirSync(folder.path), ['kept']);
  assert.equal(readdirSync(folder.join('kept')), ['file']);
});

test('a link in place of the directory is removed, but not its target', () => {
  folder.write('kept/file', '');
  symlinkSync('kept', folder.join('gone'));
  remove('gone');
  assert.equal(readdirSync(folder.join('kept')), ['file']);
});

test('a missing path is not an error', () => {
  remove('none');
  assert.throws(() => using(OpenFolder.open(folder.join('none')), () => {}), /ENOENT/);
});

test.run();
