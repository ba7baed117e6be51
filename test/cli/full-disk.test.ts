import { writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { domain, GOOD, hostdev } from '../support/domains.js';
import { testDomain, testDriver } from '../support/libvirt-test-driver.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('full disk', needs('virsh', 'mount-namespace'));
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
  folder.write('small/.keep', '');
});
test.after.each(() => folder.remove());

/** Runs a shell script in $1/small, a file system of 64 KiB that $FULL fills; "$TOOL" is our CLI. */
function shell(script: string): Promise<Outcome> {
  const mount = `mount -t tmpfs -o size=64k none "$1/small" && cd "$1/small" && ${script}`;
  const FULL = 'cat /dev/zero > fill 2>&-';
  const env = {
    ...process.env,
    NO_COLOR: '1',
    NODE: process.execPath,
    TOOL: `${projectRoot}dist/bin/hostdev-cpuset.cjs`,
  };
  return run('unshare', ['--mount', 'sh', '-c', mount.replaceAll('$FULL', FULL), 'sh', folder.path], { env });
}

test('in place: the file is unchanged, and no other file is left', async () => {
  const large = domain(`${hostdev('0-3')}    <!-- ${'x'.repeat(5000)} -->\n`);
  for (const text of [GOOD, large]) {
    writeFileSync(folder.join('guest.xml'), text);
    const { stdout, stderr } = await shell(
      'cp ../guest.xml . && { $FULL; "$NODE" "$TOOL" normalize --no-check -i guest.xml; echo $?; rm fill; cmp guest.xml ../guest.xml; ls -A; }',
    );
    assert.is(stderr, 'hostdev-cpuset: guest.xml: cannot be replaced: no space left on the device\n');
    assert.is(stdout, '2\nguest.xml\n');
  }
});

test('define and edit fail without their temporary file, and leave none', async () => {
  writeFileSync(folder.join('guest.xml'), GOOD);
  const uri = testDriver(folder, testDomain('small', '0-1'));
  const words = [`define -c ${uri} ../guest.xml`, `edit -c ${uri} small`];
  for (const command of words) {
    const { stdout, stderr } = await shell(
      `{ $FULL; EDITOR=true TMPDIR=$PWD "$NODE" "$TOOL" ${command}; echo $?; ls -A; }`,
    );
    assert.is(
      stderr,
      `hostdev-cpuset: cannot write a temporary file in ${folder.path}/small: no space left on the device\n`,
    );
    assert.is(stdout, '2\nfill\n');
  }
});

test('a missing TMPDIR is reported in one line', async () => {
  const uri = testDriver(folder, testDomain('small', '0-1'));
  const { stdout, stderr } = await shell(`{ TMPDIR=/nowhere "$NODE" "$TOOL" edit -c ${uri} small; echo $?; }`);
  assert.is(stderr, 'hostdev-cpuset: cannot write a temporary file in /nowhere: no such directory\n');
  assert.is(stdout, '2\n');
});

test.run();
