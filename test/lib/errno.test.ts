import { getSystemErrorName } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { errnoOf, messageOf, reason, systemError } from '../../src/lib/errno.js';
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

errors.run();
