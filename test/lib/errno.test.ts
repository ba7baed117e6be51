import { readFileSync, renameSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { errnoOf, messageOf, plainMessage, reason, systemError } from '../../src/lib/errno.js';
import { OpenFolder } from '../../src/lib/open-folder.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const errors = suite('names of system errors');
const ESTALE = 116;

/** An error as Node creates it if a system call fails with a number that libuv has no name for. */
function nodeError(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${code}, read`), { errno: -errno, code, syscall: 'read' });
}

errors('ESTALE is named, wherever it is reported', () => {
  const error = nodeError(ESTALE);
  assert.is(error.code, 'Unknown system error -116', 'Node has no name for it');
  assert.is(errnoOf(error), 'ESTALE');
  assert.is(messageOf(error), 'ESTALE, read');
  assert.is(reason(error), 'the file was removed or replaced on its file server');
  const folder = new TemporaryFolder();
  const open = OpenFolder.open(folder.path);
  try {
    assert.throws(
      () =>
        open.in('file', () => {
          throw nodeError(ESTALE);
        }),
      /^ESTALE, read$/,
    );
  } finally {
    open.close();
    folder.remove();
  }
});

errors('other errors are unchanged', () => {
  assert.is(errnoOf(systemError('ELOOP', '/x')), 'ELOOP');
  assert.is(errnoOf(new Error('no code')), 'EIO');
  assert.is(errnoOf(nodeError(99_999)), 'Unknown system error -99999');
  assert.is(messageOf(new Error('ENOENT: no such file or directory')), 'ENOENT: no such file or directory');
});

errors('an error with a file and a plain reason is the file and the reason', () => {
  const thrown = (action: () => void) => {
    try {
      action();
    } catch (error) {
      return plainMessage(error as Error);
    }
    return 'no error';
  };
  const below = `${process.execPath}/it's`;
  assert.is(
    thrown(() => readFileSync(below)),
    `${below}: a part of the path is not a directory`,
  );
  assert.is(
    thrown(() => renameSync('/nowhere/a', '/nowhere/b')),
    "ENOENT: no such file or directory, rename '/nowhere/a' -> '/nowhere/b'",
    'of two files',
  );
  assert.is(plainMessage(systemError('ELOOP', '/x')), '/x: too many symbolic links');
  assert.is(plainMessage(systemError('ECONNREFUSED', '/x')), 'ECONNREFUSED: /x', 'no plain reason');
  assert.is(plainMessage(nodeError(ESTALE)), 'ESTALE, read', 'no file');
  const full = Object.assign(nodeError(28), { message: 'ENOSPC: no space left on device, write' });
  assert.is(plainMessage(full), full.message, 'no file');
  assert.is(plainMessage(new Error('ENOENT: /x')), 'ENOENT: /x', 'not of the system');
});

errors.run();
