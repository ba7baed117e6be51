import { chmodSync, mkdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ToolError } from '../../src/lib/errors.js';
import { Virsh } from '../../src/libvirt/virsh.js';
import { runInProcess } from '../support/cli-in-process.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('missing or hanging virsh');
const ABSENT = 'virsh was not found (Debian: libvirt-clients)';
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  mkdirSync(folder.join('bin'));
});
test.after.each(() => {
  folder.remove();
});

/** A virsh that only SIGKILL ends. */
function hangingVirsh(): string {
  const script = "#!/bin/sh\ntrap '' TERM INT\nwhile :; do sleep 0.1; done\n";
  chmodSync(folder.write('bin/virsh', script), 0o755);
  return `${folder.join('bin')}:${process.env.PATH}`;
}

test('commands that need virsh name the package to install', async () => {
  const env = { PATH: folder.join('bin') };
  for (const words of [
    ['plan', '--domain', 'guest'],
    ['status', '--domain', 'guest'],
    ['edit', 'guest'],
  ]) {
    const { code, stderr } = await runInProcess('hostdev-cpuset', words, { env });
    assert.equal([code, stderr], [2, `hostdev-cpuset: ${ABSENT}\n`], words.join(' '));
  }
});

test('commands do not wait for a virsh that hangs and ignores SIGTERM', () => {
  const virsh = new Virsh({ uri: undefined, env: { PATH: hangingVirsh() } }, 1000);
  assert.throws(
    () => virsh.listRunningSync('uuid'),
    (error: unknown) => error instanceof ToolError && error.message === 'virsh did not answer within 1 s',
  );
});

test('the watcher does not wait for a virsh that hangs, and reports a missing one', async () => {
  const failure = (path: string) =>
    new Virsh({ uri: undefined, env: { PATH: path } }, 1000).listRunning().catch(String);
  assert.is(await failure(hangingVirsh()), 'ToolError: virsh did not answer within 1 s');
  assert.is(await failure(folder.join('empty')), `ToolError: ${ABSENT}`);
});

test.run();
