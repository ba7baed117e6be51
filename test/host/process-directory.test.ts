import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError, type ProcessFolder } from '../../src/host/pseudo-fs.js';
import { RealFs } from '../../src/host/real-fs.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('files that a process sees');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** The text, undefined if there is none, or the code of the error. */
function read(path: string, known?: string) {
  try {
    const read = (folder: ProcessFolder) => folder.read(basename(path), 100, known);
    const found = new RealFs().inProcess(process.pid, dirname(path), read);
    return found && { ...found, text: found.bytes && Buffer.from(found.bytes).toString() };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code;
  }
}
const textOf = (path: string) => {
  const found = read(path);
  return typeof found === 'object' ? found.text : found;
};

test('a regular file, read again only if it has changed', () => {
  const path = folder.write('a/b.xml', 'one');
  const first = read(path);
  assert.ok(typeof first === 'object');
  assert.is(first.text, 'one');
  assert.equal(read(path, first.version), { version: first.version, bytes: undefined, text: undefined });
  folder.write('a/b.xml', 'two');
  utimesSync(path, 1, 1);
  assert.is(textOf(path), 'two');
  assert.not.equal((read(path, first.version) as typeof first).version, first.version);
  assert.is(textOf(folder.join('a/c.xml')), undefined);
  assert.is(textOf(folder.join('none/c.xml')), undefined);
});

test('no link is followed, on the way or at the end', () => {
  const path = folder.write('real/b.xml', 'secret');
  symlinkSync(path, folder.join('link.xml'));
  symlinkSync(folder.join('real'), folder.join('folder'));
  assert.is(textOf(folder.join('link.xml')), 'EBADMSG');
  assert.is(textOf(folder.join('folder/b.xml')), undefined);
  assert.is(textOf(`${folder.path}/real/../real/b.xml`), 'EINVAL');
});

test('a file with several names, one that is too long, and a folder are refused', () => {
  const path = folder.write('a.xml', 'x');
  linkSync(path, folder.join('b.xml'));
  assert.is(textOf(folder.join('b.xml')), 'EMLINK');
  truncateSync(folder.write('long.xml', ''), 101);
  assert.is(textOf(folder.join('long.xml')), 'EFBIG');
  mkdirSync(folder.join('folder.xml'));
  assert.is(textOf(folder.join('folder.xml')), 'EBADMSG');
});

test('a file system that is not one of local files is not asked', () => {
  assert.is(textOf('/proc/sys/kernel/ostype'), 'EREMOTE');
  assert.is(textOf('/sys/kernel/notes'), 'EREMOTE');
});

const asRoot = suiteWhere('files that a process sees, as root', needs('another-user'));
asRoot.before.each(() => {
  folder = new TemporaryFolder();
});
asRoot.after.each(() => folder.remove());

asRoot('a FIFO does not block, and a device is not opened', () => {
  execFileSync('mkfifo', [folder.join('fifo.xml')]);
  assert.is(textOf(folder.join('fifo.xml')), 'EBADMSG');
  // opening a device without a driver would give ENXIO
  execFileSync('mknod', [folder.join('device.xml'), 'c', '0', '77']);
  assert.is(textOf(folder.join('device.xml')), 'EBADMSG');
});

test.run();
asRoot.run();
