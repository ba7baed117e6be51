import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FdCache } from '../../src/host/fd-cache.js';
import type { FileError } from '../../src/host/pseudo-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const kept = suite('files that are kept open');
const OWN = '/proc/self/comm';
const own = () => readFileSync(OWN, 'utf8');
/** How many descriptors of this process are of this file; the rest are Node's. */
const descriptors = (path = `/proc/${process.pid}/comm`) =>
  readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(path)).length;
const targetOf = (fd: string) => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'closed';
  }
};
const unreachable = () => assert.unreachable('it is read by its descriptor') as never;
const never = { read: unreachable, write: unreachable };

kept('a file of procfs is opened once, and each read is current', () => {
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
      assert.is(file.read(), `${text}\n`, 'as long, and another text');
    }
    for (const text of ['ren\nx', 'ren']) {
      writeFileSync(OWN, text);
      assert.is(file.read(), `${text}\n`, 'the last is the beginning of the one before');
    }
  } finally {
    file.close();
    writeFileSync(OWN, before.trimEnd());
  }
  assert.is(descriptors(), open);
  file.close();
  assert.is(descriptors(), open, 'closing it again closes nobody else');
});

kept('what is written goes by the descriptor that it was read by', () => {
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

kept('what is to be written is opened at once: it is what was there then that is written', () => {
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

kept('below a root it is opened there', () => {
  // the host itself as a tree: its procfs is one
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

kept('a link is read by a descriptor, and not written through', () => {
  const folder = new TemporaryFolder();
  try {
    symlinkSync(OWN, folder.join('link'));
    const before = own();
    const open = descriptors();
    const refused: string[] = [];
    const file = new FdCache().open(folder.join('link'), 'write', {
      ...never,
      write: (text) => void refused.push(text),
    });
    assert.equal([file.read(), file.read()], [before, before]);
    assert.is(descriptors(), open + 1);
    file.write('renamed');
    assert.equal([own(), refused], [before, ['renamed']], 'its path says that it is a link');
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
  for (const why of ['it went', 'that is known'])
    assert.throws(
      () => file.write('text'),
      (error: FileError) => error.code === 'ENOENT',
      why,
    );
  assert.is(file.read(), undefined);
  assert.throws(
    () => file.write('text'),
    (error: FileError) => error.code === 'ENOENT',
    'its path may be another’s by now',
  );
  assert.is(descriptors(path), 0, 'its descriptor is given back');
  assert.is(file.read(), undefined, 'there is no such file');
});

kept('an error of a write to what has gone meanwhile is that it has gone', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const file = new FdCache().open(`/proc/${child.pid}/oom_score_adj`, 'write', never);
  // procfs checks the text first
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

kept('others are read anew each time: a descriptor would go on with old text', () => {
  const folder = new TemporaryFolder();
  try {
    folder.write('a', 'text\n');
    let times = 0;
    const written: string[] = [];
    const anew = { read: () => `${++times}`, write: (text: string) => void written.push(text) };
    const file = new FdCache().open(folder.join('a'), 'write', anew);
    assert.equal([file.read(), file.read()], ['1', '2']);
    file.write('text');
    assert.equal(written, ['text']);
    assert.is(descriptors(folder.path), 0);
  } finally {
    folder.remove();
  }
});

kept('what fills the buffer is read anew: a read more would be another answer', () => {
  const file = new FdCache().open('/proc/self/pagemap', 'read', { ...never, read: () => 'long' });
  assert.is(file.read(), 'long');
  assert.is(descriptors(`/proc/${process.pid}/pagemap`), 0);
});

kept('no more than seven eighths of what the process may have; what is given back is there again', () => {
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
    let anew = 0;
    const more = files.open(OWN, 'read', { ...never, read: () => `${++anew}` });
    assert.is(more.read(), '1', 'beyond it is read anew');
    files.release(all.pop() as number);
    assert.is(more.read(), own());
    more.close();
  } finally {
    for (const fd of all) files.release(fd);
  }
});

kept.run();
