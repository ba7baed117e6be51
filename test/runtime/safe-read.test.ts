import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readSafely } from '../../src/runtime/safe-read.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const own = suite('readSafely');
let folder: TemporaryFolder;
own.before.each(() => {
  folder = new TemporaryFolder();
});
own.after.each(() => folder.remove());

function errorCode(path: string, longest = 100): string {
  try {
    readSafely(path, longest);
  } catch (error) {
    assert.instance(error, FileError);
    assert.is((error as FileError).path, path);
    return (error as FileError).code;
  }
  return 'none';
}

own('a file is read completely, with its modification time', () => {
  folder.write('a', 'text');
  const { bytes, modifiedMs } = readSafely(folder.join('a'), 4);
  assert.is(bytes.toString(), 'text');
  assert.ok(Math.abs(Date.now() - modifiedMs) < 60_000);
});

own('a link, FIFO, directory, device, too large or missing file is an error', () => {
  folder.write('a', 'text');
  folder.write('b/c', '');
  symlinkSync('a', folder.join('link'));
  spawnSync('mkfifo', [folder.join('fifo')]);
  assert.is(errorCode(folder.join('link')), 'ELOOP');
  assert.is(errorCode(folder.join('fifo')), 'EBADMSG');
  assert.is(errorCode(folder.join('b')), 'EBADMSG');
  assert.is(errorCode('/dev/null'), 'EBADMSG');
  assert.is(errorCode(folder.join('a'), 3), 'EFBIG');
  assert.is(errorCode(folder.join('none')), 'ENOENT');
});

own.run();
