import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { replaceFile, writeOutputFile } from '../../src/cli/files/write-file.js';
import { ToolError } from '../../src/lib/errors.js';
import { projectRoot } from '../support/cli.js';
import { GOOD } from '../support/domains.js';
import { needs, suiteWhere } from '../support/needs.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite<{ folder: TemporaryFolder }>('replacing a file');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
  chmodSync(context.folder.path, 0o755);
});
test.after.each(({ folder }) => folder.remove());

/** The error message of a failed replacement. */
function errorMessage(path: string): string {
  try {
    asOrdinaryUser(() => replaceFile(path, 'old', 'new'));
  } catch (error) {
    assert.instance(error, ToolError);
    return (error as ToolError).message;
  }
  assert.unreachable('the file was replaced');
  return '';
}

test('in a directory without write permission the file is unchanged', ({ folder }) => {
  const file = folder.write('closed/guest.xml', 'old');
  chmodSync(file, 0o666);
  chmodSync(folder.join('closed'), 0o555);
  assert.is(errorMessage(file), `${file}: cannot be replaced: permission denied`);
  assert.is(readFileSync(file, 'utf8'), 'old');
  assert.equal(readdirSync(folder.join('closed')), ['guest.xml']);
});

test('an unreadable file is not replaced', ({ folder }) => {
  const file = folder.write('guest.xml', 'old');
  chmodSync(file, 0);
  assert.match(errorMessage(file), ': cannot be replaced: permission denied');
  chmodSync(file, 0o600);
  assert.is(readFileSync(file, 'utf8'), 'old');
});

test('only regular files are replaced', async ({ folder }) => {
  const fifo = folder.join('fifo.xml');
  assert.is((await run('mkfifo', [fifo])).code, 0);
  assert.is(errorMessage(fifo), `${fifo}: cannot be replaced: it is not a regular file`);
  mkdirSync(folder.join('folder.xml'));
  assert.match(errorMessage(folder.join('folder.xml')), 'it is not a regular file');
});

test('a concurrent change by another program is kept', ({ folder }) => {
  const file = folder.write('guest.xml', 'theirs');
  assert.throws(() => replaceFile(file, 'old', 'new'), /: cannot be replaced: it has changed meanwhile$/);
  assert.is(readFileSync(file, 'utf8'), 'theirs');
  assert.equal(readdirSync(folder.path), ['guest.xml']);
});

test('a dangling link is kept', ({ folder }) => {
  const link = folder.join('link.xml');
  symlinkSync('nowhere', link);
  assert.is(errorMessage(link), `${link}: cannot be replaced: no such file`);
  assert.equal(readdirSync(folder.path), ['link.xml']);
});

test('another hard link keeps the old content', ({ folder }) => {
  const file = folder.write('guest.xml', 'old');
  linkSync(file, folder.join('backup.xml'));
  replaceFile(file, 'old', 'new');
  assert.is(readFileSync(file, 'utf8'), 'new');
  assert.is(readFileSync(folder.join('backup.xml'), 'utf8'), 'old');
  assert.equal(readdirSync(folder.path), ['backup.xml', 'guest.xml']);
});

test('a link to a document is kept, and its target replaced', ({ folder }) => {
  const file = folder.write('repository/guest.xml', 'old');
  symlinkSync('repository', folder.join('current'));
  symlinkSync('current/guest.xml', folder.join('guest.xml'));
  replaceFile(folder.join('guest.xml'), 'old', 'new');
  assert.is(readFileSync(file, 'utf8'), 'new');
  assert.is(readlinkSync(folder.join('guest.xml')), 'current/guest.xml');
  assert.equal(readdirSync(folder.join('repository')), ['guest.xml']);
});

test('a link in place of a page is not followed', ({ folder }) => {
  folder.write('page.html', 'old');
  symlinkSync('page.html', folder.join('link'));
  assert.throws(() => writeOutputFile(folder.join('link'), 'new'), /link: cannot be written: it is a symbolic link: /);
  assert.is(readFileSync(folder.join('page.html'), 'utf8'), 'old');
  assert.equal(readdirSync(folder.path), ['link', 'page.html']);
});

test('devices and pipes are written directly', ({ folder }) => {
  writeOutputFile('/dev/null', 'new');
  assert.throws(() => writeOutputFile('/dev/full', 'new'), /^\/dev\/full: cannot be written: /);
  assert.throws(() => writeOutputFile(folder.path, 'new'), /: cannot be written: /);
});

test('a dangling or circular link in place of a new file is kept', ({ folder }) => {
  for (const target of ['nowhere', 'link']) {
    const link = folder.join('link');
    symlinkSync(target, link);
    assert.throws(() => writeOutputFile(link, 'new'), /link: cannot be written: /);
    assert.equal(readdirSync(folder.path), ['link']);
    unlinkSync(link);
  }
});

test.run();

const bare = suiteWhere('replacing a file without /proc', needs('mount-namespace'));

bare('a file is replaced by path and keeps its mode', async () => {
  const folder = new TemporaryFolder();
  try {
    const file = folder.write('guest.xml', GOOD);
    chmodSync(file, 0o640);
    const script = 'umount --lazy /proc && exec "$0" "$@"';
    const words = [
      process.execPath,
      `${projectRoot}dist/bin/hostdev-cpuset.cjs`,
      'normalize',
      '--no-check',
      '-i',
      file,
    ];
    const { code, stderr } = await run('unshare', ['--mount', 'sh', '-c', script, ...words]);
    assert.equal([code, stderr], [0, '']);
    assert.match(readFileSync(file, 'utf8'), 'urn:hostdev-cpuset:1');
    assert.is(statSync(file).mode & 0o777, 0o640);
    assert.equal(readdirSync(folder.path), ['guest.xml']);
  } finally {
    folder.remove();
  }
});

bare.run();

const acl = suiteWhere('replacing a file with an ACL', needs('setfacl'));

acl('access rights and attributes of the file are kept', async () => {
  const folder = new TemporaryFolder();
  try {
    const file = folder.write('guest.xml', 'old');
    // The default ACL of the directory differs from this file's ACL.
    const given = ['-m', 'u:12:rw,g::-', file];
    assert.is((await run('setfacl', ['-d', '-m', 'u:34:rwx', folder.path])).code, 0);
    assert.is((await run('setfacl', given)).code, 0);
    const rights = async () => (await run('getfacl', ['--absolute-names', file])).stdout;
    const before = await rights();
    assert.match(before, /^user:\S+:rw-$/m);
    assert.match(before, /^group::---$/m);
    utimesSync(file, 1000, 1000);
    replaceFile(file, 'old', 'new');
    assert.is(readFileSync(file, 'utf8'), 'new');
    assert.is(await rights(), before);
    assert.ok(statSync(file).mtimeMs > 1_000_000);
  } finally {
    folder.remove();
  }
});

acl.run();
