import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { BAD, DOUBTFUL } from '../support/domains.js';
import { testDomain, testDriver } from '../support/libvirt-test-driver.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suiteWhere('define', needs('virsh'));
const gpu = join(projectRoot, 'samples/gpu.xml');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** Runs define with its temporary files in the test's folder. */
const define = (args: string[], input?: string) => {
  folder.write('tmp/.keep', '');
  const env = { ...process.env, TMPDIR: folder.join('tmp') };
  return runInProcess('hostdev-cpuset', ['define', ...args], { env, ...(input === undefined ? {} : { input }) });
};
const LIBVIRT = ['-c', 'test:///default'];
const leftovers = () => readdirSync(folder.join('tmp')).filter((name) => name !== '.keep');

/** False for a zombie, which may have no parent that waits for it. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A virsh that records its arguments and the given file, then runs the script. */
function fakeVirsh(script: string): NodeJS.ProcessEnv {
  const look = `for word; do case $word in --file=*) cat "\${word#--file=}" >'${folder.join('xml')}'; stat -L -c %a "\${word#--file=}" >'${folder.join('mode')}';; esac; done`;
  const virsh = folder.write(
    'bin/virsh',
    `#!/bin/sh\necho "$LC_ALL $@" >>'${folder.join('calls')}'\n${look}\n${script}\n`,
  );
  chmodSync(virsh, 0o755);
  return { ...process.env, PATH: `${folder.join('bin')}:${process.env.PATH}` };
}

test("it defines the domain and prints virsh's message", async () => {
  const { code, stdout, stderr } = await define([...LIBVIRT, gpu]);
  assert.is(stderr, '');
  assert.is(stdout, `Domain 'workstation' defined from ${gpu}\n`);
  assert.is(code, 0);
  assert.equal(leftovers(), []);
});

test('it notes a domain with a host device and no policy, and how to set one', async () => {
  const text = `<domain type='test'><name>it's new</name><memory>8192</memory><os><type>hvm</type></os><devices>
<hostdev mode='subsystem' type='pci'><source><address bus='6'/></source></hostdev></devices></domain>`;
  const { code, stdout, stderr } = await define([...LIBVIRT, '--no-check'], text);
  const note = 'note: the domain states no policy for its host device: only a default of the host places interrupts';
  assert.is(stderr, `${note}; hostdev-cpuset set 'it'\\''s new' DEVICE auto sets one\n`);
  assert.is(stdout, "Domain 'it's new' defined from <stdin>\n");
  assert.is(code, 0);
});

test('it reads standard input, with or without -', async () => {
  const text = readFileSync(gpu, 'utf8');
  for (const args of [LIBVIRT, [...LIBVIRT, '-']]) {
    assert.is((await define(args, text)).stdout, "Domain 'workstation' defined from <stdin>\n");
  }
});

test('libvirt gets the normalized definition in a file with mode 0600', async () => {
  const env = fakeVirsh('exit 0');
  const { code } = await runInProcess('hostdev-cpuset', ['define', '-c', 'qemu+ssh://host/system', gpu], { env });
  assert.is(code, 0);
  const [call = ''] = readFileSync(folder.join('calls'), 'utf8').split('\n');
  assert.match(call, /^C --connect=qemu\+ssh:\/\/host\/system define --validate --file=\/dev\/fd\/3$/);
  const normalized = await runInProcess('hostdev-cpuset', ['normalize', gpu]);
  assert.is(readFileSync(folder.join('xml'), 'utf8'), normalized.stdout);
  assert.is(readFileSync(folder.join('mode'), 'utf8'), '600\n');
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
  test(`ended by ${signal} while libvirt does not answer, it leaves no file and no virsh`, async () => {
    const pidFile = folder.join('pid');
    const env = { ...fakeVirsh(`echo $$ >'${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 60`) };
    folder.write('tmp/.keep', '');
    const child = spawn(process.execPath, [`${projectRoot}dist/bin/hostdev-cpuset.cjs`, 'define', gpu], {
      env: { ...env, TMPDIR: folder.join('tmp') },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await until('virsh runs', () => existsSync(pidFile));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    try {
      assert.equal(leftovers(), []);
      child.kill(signal);
      assert.equal(await ended, signal === 'SIGKILL' ? [null, signal] : [2, null]);
      assert.equal(leftovers(), []);
      // A process that is killed cannot end another.
      if (signal !== 'SIGKILL') await until('virsh has ended', () => !isAlive(pid));
    } finally {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    assert.match(readFileSync(folder.join('xml'), 'utf8'), '<name>workstation</name>');
  });
}

test('an error prevents the call of libvirt; a warning does not', async () => {
  const env = fakeVirsh('exit 0');
  const bad = await runInProcess('hostdev-cpuset', ['define', folder.write('bad.xml', BAD)], { env });
  assert.match(bad.stderr, /bad\.xml:8:22: error: .* \[cpuset-syntax\]/);
  assert.is(bad.stdout, '');
  assert.is(bad.code, 1);
  assert.not.ok(readdirSync(folder.path).includes('calls'));

  const doubtful = await runInProcess('hostdev-cpuset', ['define', folder.write('doubtful.xml', DOUBTFUL)], { env });
  assert.match(doubtful.stderr, /warning: .* \[auto-unpinned\]/);
  assert.match(doubtful.stdout, /^Domain 'guest' defined from /);
  assert.is(doubtful.code, 0);
});

test('files are independent, and the worst result is the exit status', async () => {
  const bad = folder.write('bad.xml', BAD);
  const { code, stdout, stderr } = await define([...LIBVIRT, bad, folder.join('absent.xml'), gpu]);
  assert.is(stdout, `Domain 'workstation' defined from ${gpu}\n`);
  assert.match(stderr, /absent\.xml: no such file/);
  assert.is(code, 2);
});

test('one xmllint checks many files if it is asked about all of them', async () => {
  const env = fakeVirsh('exit 0');
  const calls = folder.join('xmllint-calls');
  chmodSync(folder.write('bin/xmllint', `#!/bin/sh\necho once >>'${calls}'\n`), 0o755);
  const files = ['a.xml', 'b.xml', 'c.xml'].map((name) => folder.write(name, readFileSync(gpu, 'utf8')));
  const args = ['define', '--engine', 'xmllint', ...files, files[0] as string];
  const { code, stdout } = await runInProcess('hostdev-cpuset', args, { env });
  assert.is(code, 0);
  assert.equal(stdout.match(/(?<=from ).*/g), files);
  assert.is(readFileSync(calls, 'utf8'), 'once\n');
});

test("libvirt's rejection is reported in virsh's words", async () => {
  const text = readFileSync(gpu, 'utf8').replace(/<memory .*/, '<memory>abc</memory>');
  const checked = await define(LIBVIRT, text);
  assert.match(
    checked.stderr,
    /^<stdin>:\d+:\d+: error: "abc" is not allowed as the content of <memory>; allowed: a whole number \[schema\]/,
  );
  const { code, stdout, stderr } = await define([...LIBVIRT, '--no-check'], text);
  assert.match(stderr, /^hostdev-cpuset: <stdin>: libvirt refuses it: [^\n]*'abc'[^\n]*\n$/);
  assert.is(stdout, '');
  assert.is(code, 1);
  assert.equal(leftovers(), []);
});

test('if libvirt cannot be reached, the exit status is 2', async () => {
  const { code, stderr } = await define(['-c', 'test:///absent.xml', gpu]);
  assert.match(stderr, /^hostdev-cpuset: virsh: failed to connect to the hypervisor: [^\n]*\n$/);
  assert.is(code, 2);
});

test('for a running domain, the message says when the change takes effect', async () => {
  const uri = testDriver(folder, testDomain('small', '0-1'));
  const { code, stdout } = await define(['-c', uri], testDomain('small', '2'));
  assert.is(
    stdout,
    "Domain 'small' defined from <stdin>\nThe domain is running; the change takes effect at its next start.\n",
  );
  assert.is(code, 0);
});

test.run();
