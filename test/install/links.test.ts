import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { marked } from '../../src/install/marked-file.js';
import { runCli } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('install and uninstall below a prefix with links');
/** Milliseconds: what waits for a FIFO waits for ever. */
const LIMIT = 30_000;
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

const call = (command: string) => runCli('hostdev-cpuset', [command, '--prefix', prefix.path], { timeLimit: LIMIT });

test('install writes nothing outside', async () => {
  for (const name of ['etc', 'hooks']) mkdirSync(outside.join(name));
  symlinkSync(outside.join('etc'), prefix.join('etc'));
  const { code } = await call('install');
  assert.is(code, 0);
  assert.equal(readdirSync(outside.join('etc')), []);
});

test('a link to another folder of the prefix is followed: an image may be laid out so', async () => {
  mkdirSync(prefix.join('usr/etc'), { recursive: true });
  symlinkSync('/usr/etc', prefix.join('etc'));
  assert.is((await call('install')).code, 0);
  assert.match(readFileSync(prefix.join('usr', HOOK), 'utf8'), 'Written by hostdev-cpuset');
  assert.is((await call('uninstall')).code, 0);
  assert.not.ok(existsSync(prefix.join('usr', HOOK)));
});

test('uninstall removes no file and no folder outside', async () => {
  const hook = outside.write(HOOK, marked('#!/bin/sh\n'));
  mkdirSync(outside.join('etc/hostdev-cpuset'));
  const state = outside.write('run/hostdev-cpuset/a.json', '{}');
  symlinkSync(outside.join('etc'), prefix.join('etc'));
  symlinkSync(outside.join('run'), prefix.join('run'));
  assert.equal(await call('uninstall'), { code: 0, stdout: 'nothing of ours is there\n', stderr: '' });
  assert.ok(existsSync(hook) && existsSync(outside.join('etc/hostdev-cpuset')) && existsSync(state));
});

test('a folder of state that is a link is left alone, and so is what it leads to', async () => {
  const state = outside.write('a.json', '{}');
  mkdirSync(prefix.join('run'));
  symlinkSync(outside.path, prefix.join('run/hostdev-cpuset'));
  const { code, stdout } = await call('uninstall');
  assert.is(stdout, 'left alone  /run/hostdev-cpuset: it is no folder, or a link\n');
  assert.is(code, 1);
  assert.ok(existsSync(state));
});

test('links in the folder of state go alone', async () => {
  const kept = outside.write('kept/file', '');
  chmodSync(outside.join('kept'), 0o755);
  prefix.write('run/hostdev-cpuset/spool/x', '');
  symlinkSync(outside.join('kept'), prefix.join('run/hostdev-cpuset/link'));
  assert.is((await call('uninstall')).stdout, 'removed     /run/hostdev-cpuset\n');
  assert.equal(readdirSync(prefix.join('run')), []);
  assert.ok(existsSync(kept));
});

test('a FIFO in place of a file is left alone, and not waited for', async () => {
  mkdirSync(prefix.join('etc/tmpfiles.d'), { recursive: true });
  mkdirSync(prefix.join('run/hostdev-cpuset'), { recursive: true });
  for (const name of ['etc/tmpfiles.d/hostdev-cpuset.conf', 'run/hostdev-cpuset/watch.json']) {
    assert.is((await run('mkfifo', [prefix.join(name)])).code, 0);
  }
  const { stdout } = await call('install');
  assert.match(stdout, 'left alone  /etc/tmpfiles.d/hostdev-cpuset.conf: it is no regular file\n');
  assert.match((await call('uninstall')).stdout, 'removed     /run/hostdev-cpuset\n');
});

test.run();
