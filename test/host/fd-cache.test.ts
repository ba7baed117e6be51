import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FdCache } from '../../src/host/fd-cache.js';
import type { FileError } from '../../src/host/pseudo-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const kept = suite('cache of open descriptors');
const OWN = '/proc/self/comm';
const own = () => readFileSync(OWN, 'utf8');
/** The number of this process's descriptors of a file; the others are Node's. */
const descriptors = (path = `/proc/${process.pid}/comm`) =>
  readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(path)).length;
const targetOf = (fd: string) => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'closed';
  }
};
const unreachable = () => assert.unreachable('read by path instead of descriptor') as never;
const never = { read: unreachable, write: unreachable };

kept('a procfs file is opened once, and each read is current', () => {
  const before = own();
  const open = descriptors();
  const file = new FdCache().open(OWN, 'read', never);
  try {
    assert.equal([descriptors(), file.isKept], [open, false], 'not before it is read');
    assert.is(file.read(), before);
    assert.is(file.read(), before);
    assert.equal([descriptors(), file.isKept], [open + 1, true]);
    writeFileSync(OWN, 'renamed');
    assert.is(file.read(), 'renamed\n');
    for (const text of ['renamex', 'Renamex']) {
      writeFileSync(OWN, text);
      assert.is(file.read(), `${text}\n`, 'another text of the same length');
    }
    for (const text of ['ren\nx', 'ren']) {
      writeFileSync(OWN, text);
      assert.is(file.read(), `${text}\n`, 'a prefix of the text before');
    }
  } finally {
    file.close();
    writeFileSync(OWN, before.trimEnd());
  }
  assert.is(descriptors(), open);
  file.close();
  assert.is(descriptors(), open, 'a second close closes no other file');
});

kept('a write uses the descriptor of the reads', () => {
  const before = own();
  const file = new FdCache().open(OWN, 'write', never);
  try {
    assert.is(file.read(), before);
    file.write('renamed');
    assert.equal([own(), file.read()], ['renamed\n', 'renamed\n']);
  } finally {
    file.close();
    writeFileSync(OWN, before.trimEnd());
  }
});

kept('a file to be written is opened at once, so that exactly this file is written', () => {
  const before = own();
  const open = descriptors();
  const file = new FdCache().open(OWN, 'write', never);
  try {
    assert.is(descriptors(), open + 1);
    file.write('renamed');
    assert.is(own(), 'renamed\n');
  } finally {
    file.close();
    writeFileSync(OWN, before.trimEnd());
  }
  assert.is(descriptors(), open);
  const absent = new FdCache().open('/proc/self/nothing', 'write', never);
  assert.throws(
    () => absent.write('text'),
    (error: FileError) => error.code === 'ENOENT',
  );
});

kept("a failed write has the kernel's error code", () => {
  const file = new FdCache().open('/proc/self/oom_score_adj', 'write', never);
  file.read();
  assert.throws(
    () => file.write('none'),
    (error: FileError) => error.code === 'EINVAL',
  );
  file.close();
});

kept('below a root the file there is opened', () => {
  // The host itself as a tree, which contains its procfs.
  const root = '/proc/self/root';
  const before = own();
  const open = descriptors();
  const [file, reader] = (['write', 'read'] as const).map((mode) =>
    new FdCache(root).open(`${root}${OWN}`, mode, never),
  );
  try {
    file?.write('renamed');
    assert.equal([file?.read(), reader?.read()], ['renamed\n', 'renamed\n']);
    assert.is(descriptors(), open + 2);
  } finally {
    file?.close();
    reader?.close();
    writeFileSync(OWN, before.trimEnd());
  }
});

kept('a symbolic link is read by descriptor, but not written through', () => {
  const folder = new TemporaryFolder();
  try {
    symlinkSync(OWN, folder.join('link'));
    const before = own();
    const open = descriptors();
    const rejected: string[] = [];
    const file = new FdCache().open(folder.join('link'), 'write', {
      ...never,
      write: (text) => void rejected.push(text),
    });
    assert.equal([file.read(), file.read()], [before, before]);
    assert.is(descriptors(), open + 1);
    file.write('renamed');
    assert.equal([own(), rejected], [before, ['renamed']], 'it is a link');
    file.close();
  } finally {
    folder.remove();
  }
});

kept('a file that was removed is reported once, then its successor is read', async () => {
  const child = spawn('sleep', ['60']);
  const path = `/proc/${child.pid}/comm`;
  const file = new FdCache().open(path, 'write', never);
  await once(child, 'spawn');
  assert.type(file.read(), 'string');
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (const why of ['first write', 'second write'])
    assert.throws(
      () => file.write('text'),
      (error: FileError) => error.code === 'ENOENT',
      why,
    );
  assert.is(file.read(), undefined);
  assert.throws(
    () => file.write('text'),
    (error: FileError) => error.code === 'ENOENT',
    'its path may be another file now',
  );
  assert.is(descriptors(path), 0, 'its descriptor is closed');
  assert.is(file.read(), undefined, 'the file does not exist');
});

kept('a write to a file that was removed meanwhile fails with ENOENT', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const file = new FdCache().open(`/proc/${child.pid}/oom_score_adj`, 'write', never);
  // procfs checks the text first.
  const code = () => {
    try {
      return file.write('none');
    } catch (error) {
      return (error as FileError).code;
    }
  };
  assert.is(code(), 'EINVAL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.is(code(), 'ENOENT');
});

kept('files outside procfs are read uncached each time, as a descriptor would return old text', () => {
  const folder = new TemporaryFolder();
  try {
    folder.write('a', 'text\n');
    let times = 0;
    const written: string[] = [];
    const uncached = { read: () => `${++times}`, write: (text: string) => void written.push(text) };
    const file = new FdCache().open(folder.join('a'), 'write', uncached);
    assert.equal([file.read(), file.read()], ['1', '2']);
    file.write('text');
    assert.equal(written, ['text']);
    assert.is(descriptors(folder.path), 0);
  } finally {
    folder.remove();
  }
});

kept('a file that fills the buffer is read without the cache, as a further read would return another version', () => {
  const file = new FdCache().open('/proc/self/pagemap', 'read', { ...never, read: () => 'long' });
  assert.is(file.read(), 'long');
  assert.is(descriptors(`/proc/${process.pid}/pagemap`), 0);
});

kept('at most 7/8 of RLIMIT_NOFILE are kept open, and released descriptors can be used again', () => {
  const files = new FdCache();
  const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  const all: number[] = [];
  for (
    let fd = files.acquire(OWN, 'read');
    typeof fd === 'number' && all.length <= limit;
    fd = files.acquire(OWN, 'read')
  )
    all.push(fd);
  try {
    assert.is(all.length, Math.floor((limit * 7) / 8));
    let uncached = 0;
    const more = files.open(OWN, 'read', { ...never, read: () => `${++uncached}` });
    assert.is(more.read(), '1', 'beyond the limit it is read without the cache');
    files.release(all.pop() as number);
    assert.is(more.read(), own());
    more.close();
  } finally {
    for (const fd of all) files.release(fd);
  }
});

kept.run();
