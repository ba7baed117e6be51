import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import * as assert from 'uvu/assert';
import { withHeader } from '../../src/install/managed-file.js';
import { runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('install and uninstall below a prefix with symbolic links', needs('plain-path'));
/** Opening a FIFO would block. */
const TIME_LIMIT_MS = 30_000;
const HOOK = 'etc/libvirt/hooks/qemu.d/hostdev-cpuset';
let outside: TemporaryFolder;
let prefix: TemporaryFolder;
test.before.each(() => {
  outside = new TemporaryFolder();
  prefix = new TemporaryFolder();
});
test.after.each(() => {
  outside.remove();
  prefix.remove();
});

const call = (command: string, ...options: string[]) =>
  runCli('hostdev-cpuset', [command, ...options, '--prefix', prefix.path], { timeLimit: TIME_LIMIT_MS });

test('install writes nothing outside', async () => {
  for (const name of ['etc', 'hooks']) mkdirSync(outside.join(name));
  symlinkSync(outside.join('etc'), prefix.join('etc'));
  const { code } = await call('install');
  assert.is(code, 0);
  assert.equal(readdirSync(outside.join('etc')), []);
});

test('a link to another directory of the prefix is followed, as in some images', async () => {
  mkdirSync(prefix.join('usr/etc'), { recursive: true });
  symlinkSync('/usr/etc', prefix.join('etc'));
  assert.is((await call('install')).code, 0);
  assert.match(readFileSync(prefix.join('usr', HOOK), 'utf8'), 'Written by hostdev-cpuset');
  assert.is((await call('uninstall')).code, 0);
  assert.not.ok(existsSync(prefix.join('usr', HOOK)));
});

test('uninstall removes no file or directory outside', async () => {
  const hook = outside.write(HOOK, withHeader('#!/bin/sh\n'));
  mkdirSync(outside.join('etc/hostdev-cpuset'));
  const state = outside.write('run/hostdev-cpuset/a.json', '{}');
  symlinkSync(outside.join('etc'), prefix.join('etc'));
  symlinkSync(outside.join('run'), prefix.join('run'));
  assert.equal(await call('uninstall'), { code: 0, stdout: 'nothing to remove\n', stderr: '' });
  assert.ok(existsSync(hook) && existsSync(outside.join('etc/hostdev-cpuset')) && existsSync(state));
});

test('a runtime directory that is a link is left alone, and so is its target', async () => {
  const state = outside.write('a.json', '{}');
  mkdirSync(prefix.join('run'));
  symlinkSync(outside.path, prefix.join('run/hostdev-cpuset'));
  const { code, stdout } = await call('uninstall');
  assert.is(stdout, 'left alone  /run/hostdev-cpuset: it is not a directory, or a link\n');
  assert.is(code, 1);
  assert.ok(existsSync(state));
});

test('links in the runtime directory are removed, but not their targets', async () => {
  const kept = outside.write('kept/file', '');
  chmodSync(outside.join('kept'), 0o755);
  prefix.write('run/hostdev-cpuset/spool/x', '');
  symlinkSync(outside.join('kept'), prefix.join('run/hostdev-cpuset/link'));
  assert.is((await call('uninstall')).stdout, 'removed     /run/hostdev-cpuset\n');
  assert.equal(readdirSync(prefix.join('run')), []);
  assert.ok(existsSync(kept));
});

test('a FIFO in place of a file is left alone and does not block', async () => {
  mkdirSync(prefix.join('etc/tmpfiles.d'), { recursive: true });
  mkdirSync(prefix.join('run/hostdev-cpuset'), { recursive: true });
  for (const name of ['etc/tmpfiles.d/hostdev-cpuset.conf', 'run/hostdev-cpuset/watch.json']) {
    assert.is((await run('mkfifo', [prefix.join(name)])).code, 0);
  }
  const { stdout } = await call('install');
  assert.match(stdout, 'left alone  /etc/tmpfiles.d/hostdev-cpuset.conf: it is not a regular file\n');
  assert.match((await call('uninstall')).stdout, 'removed     /run/hostdev-cpuset\n');
});

test('--no-hook removes our hook through a link in the prefix', async () => {
  mkdirSync(prefix.join('usr/etc'), { recursive: true });
  symlinkSync('/usr/etc', prefix.join('etc'));
  await call('install');
  const { stdout } = await call('install', '--no-hook');
  assert.match(stdout, `removed     /${HOOK}\n`);
  assert.not.ok(existsSync(prefix.join('usr', HOOK)));
});

test('--no-hook does not read hooks outside', async () => {
  outside.write(HOOK, withHeader('#!/bin/sh\n'));
  symlinkSync(outside.join('etc'), prefix.join('etc'));
  mkdirSync(prefix.join(outside.path, 'etc'), { recursive: true });
  const { code, stdout } = await call('install', '--no-hook');
  assert.is(code, 0);
  assert.not.match(stdout, HOOK);
});

test("a package's unit is found through a link in the prefix only", async () => {
  outside.write('hostdev-cpuset.service', '');
  mkdirSync(prefix.join('usr/lib/systemd'), { recursive: true });
  symlinkSync(outside.path, prefix.join('usr/lib/systemd/system'));
  assert.is((await call('install')).code, 0);
  prefix.write(`${outside.path.slice(1)}/hostdev-cpuset.service`, '');
  const { code, stderr } = await call('install');
  assert.is(code, 2);
  assert.match(stderr, 'belongs to a package');
});

for (const name of [
  'etc/selinux/config',
  'etc/default/irqbalance',
  'usr/lib/systemd/system/irqbalance.service',
  'etc/libvirt/hooks/qemu.d/other',
])
  test(`a FIFO in place of ${name} is not opened`, async () => {
    prefix.write('lib/systemd/system/irqbalance.service', '[Service]\nExecStart=/x $IRQBALANCE_ARGS\n');
    mkdirSync(prefix.join(dirname(name)), { recursive: true });
    assert.is((await run('mkfifo', [prefix.join(name)])).code, 0);
    assert.is((await call('install')).code, 0);
  });

test('a loop of links is reported in one line', async () => {
  symlinkSync('etc', prefix.join('etc'));
  const { code, stderr } = await call('install');
  assert.is(code, 2);
  assert.match(stderr, /^hostdev-cpuset: [^\n]*: too many symbolic links\n$/);
});

test('a directory in qemu.d is not a hook', async () => {
  mkdirSync(prefix.join('etc/libvirt/hooks/qemu.d/directory'), { recursive: true });
  assert.match((await call('install')).stdout, 'and had none');
});

test.run();
