import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withHeader } from '../../src/install/managed-file.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { frontText, stubText } from './installed-front.js';

const test = suite('stub that libvirt runs');
const limited = suiteWhere('stub at the limit of processes', needs('setpriv', 'prlimit', 'root'));
const quiet: Outcome = { code: 0, stdout: '', stderr: '' };
const PREPARE = ['guest', 'prepare', 'begin', '-'];
/** Possible targets of /bin/sh: Debian's and Fedora's. */
const SHELLS = ['dash', 'bash'].filter((shell) => existsSync(`/bin/${shell}`));
const POSIX: Record<string, string[]> = { bash: ['--posix'] };
let folder: TemporaryFolder;

for (const each of [test, limited]) {
  each.before.each(() => {
    folder = new TemporaryFolder();
    putHook('echo "$*" >>"$CALLS"');
    put('hostdev-cpuset');
  });
  each.after.each(() => folder.remove());
}

/** Writes the hook that the stub runs. */
function putHook(text: string): void {
  chmodSync(folder.write('hook', `#!/bin/sh\n${text}\n`), 0o755);
}

function put(name: string): void {
  chmodSync(folder.write(`qemu.d/${name}`, stubText(folder.join('hook'))), 0o755);
}

const env = () => ({ PATH: process.env.PATH, CALLS: folder.join('calls') });
const call = (name: string, words = PREPARE) =>
  run(folder.join('qemu.d', name), words, { env: env(), input: '<domain/>' });
const calls = () => (existsSync(folder.join('calls')) ? readFileSync(folder.join('calls'), 'utf8') : '');
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

/**
 * libvirt runs every executable file in qemu.d. If this file differs from the one of an earlier version, package
 * managers ask about it and leave a second copy: .dpkg-new, .dpkg-dist, .dpkg-old, .rpmnew. Change hook/qemu instead.
 */
test('hook/stub never changes', () => {
  const text = readFileSync(`${projectRoot}hook/stub`, 'utf8');
  const why = 'hook/stub must stay as it is in every version, for the reason above this test: change hook/qemu';
  assert.is(sha256(text), '9199462d3d7343b6e377280c95939d4dfa97a03a81814cf16626194c08b22a0f', why);
  assert.is(
    sha256(withHeader(stubText('/etc/hostdev-cpuset/hook'))),
    '7f11406f271d9c65916c6d42f5fbd97281bc3e3998184b3b3dcf606f2a3fa7ca',
    why,
  );
});

test('it runs the hook with its arguments and its input', async () => {
  putHook('echo "$*" >>"$CALLS"; cat >>"$CALLS"');
  for (const name of ['hostdev-cpuset', 'qemu']) {
    put(name);
    rmSync(folder.join('calls'), { force: true });
    assert.equal(await call(name), quiet);
    assert.is(calls(), 'guest prepare begin -\n<domain/>');
  }
});

for (const name of ['dpkg-new', 'dpkg-dist', 'dpkg-old', 'dpkg-tmp', 'ucf-dist', 'rpmnew', 'rpmsave', 'pacnew', 'bak'])
  test(`a copy with the suffix .${name} does nothing`, async () => {
    put(`hostdev-cpuset.${name}`);
    assert.equal(await call(`hostdev-cpuset.${name}`), quiet);
    assert.is(calls(), '');
  });

test("an editor's copies do nothing", async () => {
  for (const name of ['hostdev-cpuset~', '.hostdev-cpuset.swp', '#hostdev-cpuset#', 'x-hostdev-cpuset']) {
    put(name);
    assert.equal(await call(name), quiet);
  }
  assert.is(calls(), '');
});

test('without the hook it does nothing, as after removing but not purging the package', async () => {
  chmodSync(folder.join('hook'), 0o644);
  assert.equal(await call('hostdev-cpuset'), quiet);
  rmSync(folder.join('hook'));
  assert.equal(await call('hostdev-cpuset'), quiet);
  folder.write('hook/file', '');
  assert.equal(await call('hostdev-cpuset'), quiet, 'a directory in place of the hook');
});

for (const [output, expected] of [
  ['hostdev-cpuset: the domain must not start: why', 1],
  ['hostdev-cpuset: something else', 0],
] as const)
  test(`with the shipped hook: ${expected === 1 ? 'a refusal is passed on' : 'a failure is not passed on'}`, async () => {
    folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
    const cli = folder.write('enforcer', `#!/bin/sh\necho '${output}' >&2\nexit 1\n`);
    chmodSync(cli, 0o755);
    chmodSync(folder.write('hook', frontText({ cli, root: folder.path, watcher: 'no' })), 0o755);
    const input = '<domain xmlns:x="urn:hostdev-cpuset:1"/>';
    const { code, stdout } = await run(folder.join('qemu.d/hostdev-cpuset'), PREPARE, { env: env(), input });
    assert.equal([code, stdout], [expected, '']);
    const later = await run(folder.join('qemu.d/hostdev-cpuset'), ['guest', 'started', 'begin', '-'], {
      env: env(),
      input,
    });
    assert.equal([later.code, later.stdout], [0, '']);
  });

for (const shell of SHELLS) {
  const inShell = (words: string[]) =>
    run(`/bin/${shell}`, [...(POSIX[shell] ?? []), folder.join('qemu.d/hostdev-cpuset'), ...words], { env: env() });

  test(`${shell}: a refusal is passed on`, async () => {
    putHook('echo no >&2; trap - EXIT; exit 1');
    assert.equal(await inShell(PREPARE), { code: 1, stdout: '', stderr: 'no\n' });
  });

  for (const [what, text] of [
    ['fails', 'exit 1'],
    ['ends with the status of a failed command', 'false'],
    ['is not a shell script', '\x7fELF\x01\x02('],
    ['has a syntax error', 'if then fi ('],
    ['opens a missing file', 'exec 3</nonexistent/file'],
    ['assigns a read-only variable', 'readonly a=1; a=2'],
    ['needs an unset variable', 'set -u; echo $NOT_SET'],
    ['is empty', ''],
  ] as const) {
    test(`${shell}: a hook that ${what} fails no domain`, async () => {
      putHook(text);
      assert.is((await inShell(['guest', 'reconnect', 'begin', '-'])).code, 0);
    });
  }
}

limited('it starts no process itself, and fails no domain if the hook cannot start one', async () => {
  for (const [text, output] of [
    ['echo "$*"', 'guest started begin -\n'],
    ['x=$(date); echo "$x"', ''],
  ] as const) {
    putHook(text);
    chmodSync(folder.path, 0o755);
    const words = ['--reuid=64321', '--clear-groups', 'prlimit', '--nproc=1', 'sh'];
    const stub = folder.join('qemu.d/hostdev-cpuset');
    const { code, stdout } = await run('setpriv', [...words, stub, 'guest', 'started', 'begin', '-'], { env: env() });
    assert.equal([code, stdout], [0, output]);
  }
});

test.run();
limited.run();
