import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UntrustedFile } from '../../src/host/pseudo-fs.js';
import { RealFs } from '../../src/host/real-fs.js';
import { needs, suiteWhere } from '../support/needs.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('trusted files (configuration for root)');
const asRoot = suiteWhere('trusted files by owner', needs('mount-namespace'));
let folder: TemporaryFolder;
let path: string;

for (const each of [test, asRoot]) {
  each.before.each(() => {
    folder = new TemporaryFolder();
    chmodSync(folder.path, 0o755);
    path = folder.write('file', 'text');
  });
  each.after.each(() => folder.remove());
}

/** The text, or the error message after the path. */
function read(name = 'file', files = new RealFs(folder.path), prefix = ''): string | undefined {
  try {
    return files.readTrusted(`${prefix}/${name}`);
  } catch (error) {
    assert.instance(error, UntrustedFile);
    const { message } = error as Error;
    assert.ok(message.startsWith(`${folder.join(name)}: `), message);
    return message.slice(folder.join(name).length + 2);
  }
}

test('a file that only this user may write to is read below a root; a missing one is undefined', () => {
  for (const mode of [0o644, 0o600, 0o755, 0o4755]) {
    chmodSync(path, mode);
    assert.is(read(), 'text');
  }
  assert.is(read('none'), undefined);
});

for (const [mode, octal] of [
  [0o664, '0664'],
  [0o646, '0646'],
  [0o620, '0620'],
  [0o1602, '1602'],
] as const)
  test(`mode ${octal} is rejected`, () => {
    chmodSync(path, mode);
    assert.is(read(), `writable by group or others (mode ${octal}): run chmod go-w`);
  });

test('a file that is not regular is rejected without blocking', () => {
  assert.is(spawnSync('mkfifo', [folder.join('fifo')]).status, 0);
  mkdirSync(folder.join('folder'));
  for (const name of ['fifo', 'folder']) assert.is(read(name), 'not a regular file', name);
});

test('a symbolic link is followed, and its target checked', () => {
  symlinkSync('file', folder.join('link'));
  assert.is(read('link'), 'text');
  chmodSync(path, 0o666);
  assert.match(read('link') as string, 'mode 0666');
});

test('a link that leads nowhere is rejected, also on the way to the file', () => {
  symlinkSync('none', folder.join('link'));
  assert.is(read('link'), 'a link to a file that does not exist');
  const { root } = new RealFs(folder.path);
  assert.throws(() => new RealFs(root).readTrusted('/link/file'), /\/link: a link to a file that does not exist$/);
  mkdirSync(folder.join('directory'));
  symlinkSync('/directory', folder.join('other'));
  assert.is(read('other/none'), undefined, 'the target exists below the root');
});

asRoot("another user's file and a link to it are rejected", () => {
  chownSync(path, 65534, 65534);
  symlinkSync('file', folder.join('link'));
  for (const name of ['file', 'link']) assert.is(read(name), 'owned by uid 65534, must be owned by root (chown root)');
});

asRoot("an ordinary user's own files are accepted below a root only, root's everywhere", () => {
  const host = new RealFs();
  asOrdinaryUser(() => {
    assert.is(read(), 'text');
    assert.is(read('file', host, folder.path), 'text');
  });
  chownSync(path, 65534, 65534);
  asOrdinaryUser(() => {
    assert.is(read(), 'text');
    assert.match(read('file', host, folder.path) as string, 'owned by uid 65534');
  });
  chownSync(path, 65533, 65533);
  asOrdinaryUser(() => assert.match(read() as string, 'owned by uid 65533'));
});

test.run();
asRoot.run();
