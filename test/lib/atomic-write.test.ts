import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AtomicWriteOptions, writeAtomically } from '../../src/lib/atomic-write.js';
import { OpenFolder, using } from '../../src/lib/open-folder.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('atomic write');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  mkdirSync(folder.join('shared'));
  // Directories that others may write to are checked twice.
  chmodShared(0o777);
});
test.after.each(() => folder.remove());

const chmodShared = (mode: number) => chmodSync(folder.join('shared'), mode);
const shared = (...names: string[]) => folder.join('shared', ...names);
const names = () => readdirSync(shared()).sort();
const write = (options: Partial<AtomicWriteOptions> = {}) =>
  using(OpenFolder.open(shared()), (open) => writeAtomically(open, 'file', 'new', { mode: 0o600, ...options }));
const temporary = () => shared(names().find((name) => name.startsWith('.tmp-')) ?? 'none');

test('a file is created or replaced, and no other file is left', () => {
  for (const mode of [0o600, 0o640]) {
    write({ mode });
    assert.is(readFileSync(shared('file'), 'utf8'), 'new');
    assert.is(statSync(shared('file')).mode & 0o777, mode);
    assert.equal(names(), ['file']);
  }
});

test('a link is replaced, and not followed', () => {
  const target = folder.write('target', 'kept');
  symlinkSync(target, shared('file'));
  write();
  assert.is(readFileSync(target, 'utf8'), 'kept');
  assert.is(readFileSync(shared('file'), 'utf8'), 'new');
});

test('if a step fails, the old file stays and the temporary file is removed', () => {
  writeFileSync(shared('file'), 'old');
  const fail = () => {
    throw new Error('no');
  };
  for (const step of ['prepare', 'beforeRename'] as const) {
    assert.throws(() => write({ [step]: fail }), 'no');
    assert.is(readFileSync(shared('file'), 'utf8'), 'old');
    assert.equal(names(), ['file']);
  }
});

for (const [what, exchange] of [
  ['a link', (path: string) => symlinkSync('/etc/passwd', path)],
  ['a file', (path: string) => writeFileSync(path, 'theirs')],
  ['nothing', () => {}],
] as const) {
  test(`a temporary file that is replaced by ${what} is not renamed, and the existing file stays`, () => {
    writeFileSync(shared('file'), 'old');
    const beforeRename = () => {
      const path = temporary();
      renameSync(path, shared('taken'));
      exchange(path);
    };
    assert.throws(() => write({ beforeRename }), /^another program has replaced |\/shared\/\.tmp-/);
    assert.is(readFileSync(shared('file'), 'utf8'), 'old');
    assert.is(names().length, what === 'nothing' ? 2 : 3);
  });
}

test('writes go to the directory that was opened, even if its name now refers to another', () => {
  const beforeRename = () => {
    renameSync(shared(), folder.join('moved'));
    mkdirSync(shared());
  };
  write({ beforeRename });
  assert.equal(names(), []);
  assert.equal(readdirSync(folder.join('moved')), ['file']);
});

test('errors name the path, not the descriptor', () => {
  mkdirSync(shared('file'));
  assert.throws(
    () => write(),
    (error: NodeJS.ErrnoException) => {
      assert.is(error.code, 'EISDIR');
      assert.match(error.message, `'${shared('file')}'`);
      return true;
    },
  );
});

test.run();
