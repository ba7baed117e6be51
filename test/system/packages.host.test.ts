import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere(
  'packages',
  needs(
    'dpkg-deb',
    'lintian',
    'rpmbuild',
    'rpmlint',
    'strip',
    'busybox',
    'node-releases',
    'selinux-policy-dev',
    'root',
  ),
);
const { version } = JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8'));
const ALL_DEB = `hostdev-cpuset_${version}_all.deb`;
const AMD64_DEB = `hostdev-cpuset_${version}_amd64.deb`;
const NOARCH_RPM = `hostdev-cpuset-${version}-1.noarch.rpm`;
const X86_64_RPM = `hostdev-cpuset-${version}-1.x86_64.rpm`;
const SELINUX_RPM = `hostdev-cpuset-selinux-${version}-1.noarch.rpm`;
let folder: TemporaryFolder;

test.before(async () => {
  folder = new TemporaryFolder();
  await build(projectRoot, folder.join('one'), '022');
});
test.after(() => folder.remove());

/** Neither the user's identity nor the settings of git are there. */
async function build(source: string, output: string, umask: string): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: folder.path, SOURCE_DATE_EPOCH: '1700000000' };
  const packages = ['all.deb', 'amd64.deb', 'noarch.rpm', 'x86_64.rpm'];
  const words = [process.execPath, 'scripts/build-packages.mjs', '--quick', '--output', output, ...packages];
  const options = { cwd: source, env: { ...env, npm_config_cache: folder.join('npm') } };
  const { code, stderr } = await run('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...words], options);
  assert.is(code, 0, stderr);
}

test('the same sources in another folder, with another umask and an old build, give the same bytes', async () => {
  const copy = folder.join('a/copy');
  const isCopied = (path: string) =>
    !/^(?:\.git|\.cache|node_modules|dist.*|man|completions)$/.test(path.slice(projectRoot.length));
  cpSync(projectRoot, copy, { recursive: true, filter: isCopied, preserveTimestamps: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(copy, 'node_modules'));
  folder.write('a/copy/dist/bin/hostdev-cpuset.cjs', 'an old build');
  folder.write('a/copy/man/old.1', 'an old page');
  // as the rig leaves it: with devices, which cannot be copied
  mkdirSync(join(copy, '.cache'));
  assert.is((await run('mkfifo', [join(copy, '.cache/device')])).code, 0);
  await build(copy, folder.join('two'), '077');
  const names = readdirSync(folder.join('one')).sort();
  assert.equal(names, [ALL_DEB, AMD64_DEB, NOARCH_RPM, X86_64_RPM, SELINUX_RPM].sort());
  for (const name of names) {
    const [one, two] = ['one', 'two'].map((output) => readFileSync(folder.join(output, name)));
    assert.ok(one?.equals(two as Buffer), name);
  }
  assert.is(readFileSync(join(copy, 'dist/bin/hostdev-cpuset.cjs'), 'utf8'), 'an old build');
});

test('lintian and rpmlint report nothing', async () => {
  const env = { ...process.env, TMPDIR: folder.path };
  const words = ['--fail-on', 'error,warning', '--allow-root', folder.join('one', AMD64_DEB)];
  const lintian = await run('lintian', words, { env });
  assert.is(lintian.code, 0, lintian.stdout + lintian.stderr);
  const files = [NOARCH_RPM, X86_64_RPM, SELINUX_RPM].map((name) => folder.join('one', name));
  const rpmlint = await run('rpmlint', ['-c', `${projectRoot}packaging/rpm/rpmlint.toml`, ...files], { env });
  assert.match(rpmlint.stdout, / 0 errors, 0 warnings, /);
});

test('the package with a private Node runs without another', async () => {
  const tree = folder.join('amd64');
  assert.is((await run('dpkg-deb', ['--raw-extract', folder.join('one', AMD64_DEB), tree])).code, 0);
  assert.not.match(readFileSync(`${tree}/DEBIAN/control`, 'utf8'), /^Depends:.*nodejs/m);
  assert.match(readFileSync(`${tree}/usr/bin/lint-domain`, 'utf8'), /^#!\/usr\/lib\/hostdev-cpuset\/node\n/);
  assert.match(readFileSync(`${tree}/usr/share/doc/hostdev-cpuset/copyright`, 'utf8'), 'Node.js is licensed for use');
  const node = `${tree}/usr/lib/hostdev-cpuset/node`;
  const words = [`${tree}/usr/bin/lint-domain`, '--engine', 'libxml2-wasm', `${projectRoot}samples/gpu.xml`];
  const { code, stdout, stderr } = await run(node, words, { env: { PATH: '/nonexistent' } });
  assert.is(code, 0, stdout + stderr);
});

/** rpm on a root of its own, where busybox runs the scripts, and a program records what systemd would be asked. */
class RpmRoot {
  readonly path: string;

  constructor(name: string) {
    this.path = folder.join(name);
    mkdirSync(`${this.path}/bin`, { recursive: true });
    copyFileSync('/bin/busybox', `${this.path}/bin/sh`);
    const helper = folder.write(`${name}/usr/lib/systemd/systemd-update-helper`, '#!/bin/sh\necho "$@" >>/asked\n');
    chmodSync(helper, 0o755);
  }

  /** With these, the private Node of a package runs in the root, and systemd seems to run. */
  addLibrariesOfNode(): void {
    for (const [, path = ''] of execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/(\/\S+)/g)) {
      mkdirSync(dirname(this.path + path), { recursive: true });
      copyFileSync(path, this.path + path);
    }
    for (const name of ['grep', 'sed', 'env']) linkSync(`${this.path}/bin/sh`, `${this.path}/bin/${name}`);
    mkdirSync(`${this.path}/run/systemd/system`, { recursive: true });
    const systemctl = '#!/bin/sh\n[ "$1" != --quiet ] || shift\necho "$@" >>/asked\n';
    mkdirSync(`${this.path}/usr/bin`, { recursive: true });
    writeFileSync(`${this.path}/usr/bin/systemctl`, systemctl, { mode: 0o755 });
  }

  rpm(...words: string[]): Promise<Outcome> {
    // Without a path of its own the database would be in the user's home below the root.
    return run('rpm', ['--root', this.path, '--dbpath', '/var/lib/rpm', '--nodeps', ...words]);
  }

  /** What rpm says of all installed packages of this name. */
  async query(format: string): Promise<string> {
    const words = ['--root', this.path, '--dbpath', '/var/lib/rpm', '-q', '--queryformat', format, 'hostdev-cpuset'];
    return (await run('rpm', words)).stdout;
  }

  /** What systemd was asked since the last call. */
  asked(): string[] {
    const file = `${this.path}/asked`;
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    folder.write(`${this.path.slice(folder.path.length + 1)}/asked`, '');
    return lines;
  }

  /** Files that are neither rpm's nor the test's. */
  files(): string[] {
    const own = /^(?:var\/lib\/rpm\/|bin\/sh|asked|usr\/lib\/systemd\/systemd-update-helper)/;
    const names = readdirSync(this.path, { recursive: true, encoding: 'utf8' });
    return names.filter(
      (name) => !own.test(name) && !statSync(`${this.path}/${name}`, { throwIfNoEntry: false })?.isDirectory(),
    );
  }
}

for (const name of [NOARCH_RPM, X86_64_RPM])
  test(`${name}: is installed, verified, updated and removed, and leaves nothing`, async () => {
    const root = new RpmRoot(`rpm-${name}`);
    const file = folder.join('one', name);
    const installed = await root.rpm('-i', file);
    assert.is(installed.code, 0, installed.stderr);
    assert.equal(root.asked(), ['install-system-units hostdev-cpuset.service']);
    assert.equal(await root.rpm('-V', 'hostdev-cpuset'), { code: 0, stdout: '', stderr: '' });

    const node = name === X86_64_RPM ? `${root.path}/usr/lib/hostdev-cpuset/node` : process.execPath;
    const linted = await run(node, [`${root.path}/usr/bin/lint-domain`, `${projectRoot}samples/gpu.xml`]);
    assert.is(linted.code, 0, linted.stdout + linted.stderr);
    const refused = await run(node, [`${root.path}/usr/bin/hostdev-cpuset`, 'install', '--prefix', root.path]);
    assert.match(refused.stderr, / belongs to a package: /);

    // the administrator turns the hook on
    const stub = 'etc/libvirt/hooks/qemu.d/hostdev-cpuset';
    assert.not(root.files().includes(stub));
    mkdirSync(join(root.path, stub, '..'), { recursive: true });
    copyFileSync(`${root.path}/usr/lib/hostdev-cpuset/stub`, join(root.path, stub));
    const updated = await root.rpm('-U', '--force', file);
    assert.is(updated.code, 0, updated.stderr);
    assert.ok(root.files().includes(stub), 'an update leaves it');
    assert.equal(root.asked(), ['mark-restart-system-units hostdev-cpuset.service']);

    const removed = await root.rpm('-e', 'hostdev-cpuset');
    assert.is(removed.code, 0, removed.stderr);
    assert.equal(root.asked(), ['remove-system-units hostdev-cpuset.service']);
    assert.equal(root.files(), []);
  });

for (const [from, to] of [
  [NOARCH_RPM, X86_64_RPM],
  [X86_64_RPM, NOARCH_RPM],
] as const)
  test(`${to} replaces ${from}, which is not removed as a service, and is not installed beside it`, async () => {
    const root = new RpmRoot(`from-${from}`);
    const [first, second] = [from, to].map((name) => folder.join('one', name)) as [string, string];
    assert.is((await root.rpm('-i', first)).code, 0);
    const stub = join(root.path, 'etc/libvirt/hooks/qemu.d/hostdev-cpuset');
    mkdirSync(join(stub, '..'), { recursive: true });
    copyFileSync(`${root.path}/usr/lib/hostdev-cpuset/stub`, stub);
    const beside = await root.rpm('-i', second);
    assert.is.not(beside.code, 0);
    assert.match(beside.stderr, /conflicts with file from package hostdev-cpuset-/);

    root.asked();
    const replaced = await root.rpm('-U', second);
    assert.is(replaced.code, 0, replaced.stderr);
    assert.equal(root.asked(), ['mark-restart-system-units hostdev-cpuset.service']);
    assert.is(await root.query('%{ARCH}\n'), to === X86_64_RPM ? 'x86_64\n' : 'noarch\n');
    assert.equal(await root.rpm('-V', 'hostdev-cpuset'), { code: 0, stdout: '', stderr: '' });
    assert.is(root.files().includes('usr/lib/hostdev-cpuset/node'), to === X86_64_RPM);
    assert.ok(existsSync(stub), 'the hook that the administrator turned on stays');
    assert.is((await root.rpm('-e', 'hostdev-cpuset')).code, 0);
    assert.equal(root.files(), []);
  });

test('after `hostdev-cpuset install` a package replaces what that wrote, and the service runs again', async () => {
  const root = new RpmRoot('after-npm');
  root.addLibrariesOfNode();
  const installed = await runCli('hostdev-cpuset', ['install', '--prefix', root.path]);
  assert.is(installed.code, 0, installed.stderr);
  const { code, stdout, stderr } = await root.rpm('-i', folder.join('one', X86_64_RPM));
  assert.is(code, 0, stderr);
  assert.match(stdout, /^removed +\/etc\/systemd\/system\/hostdev-cpuset\.service$/m);
  assert.equal(root.asked(), [
    'is-active hostdev-cpuset.service',
    'disable --now hostdev-cpuset.service',
    'daemon-reload',
    'install-system-units hostdev-cpuset.service',
    'enable --now hostdev-cpuset.service',
  ]);
  assert.not(root.files().some((name) => /^etc\/.*hostdev-cpuset/.test(name)));
});

test('the policy module is a package of its own', async () => {
  const root = new RpmRoot('selinux');
  assert.is((await root.rpm('-i', folder.join('one', SELINUX_RPM))).code, 0);
  assert.equal(root.files(), ['usr/share/selinux/packages/hostdev-cpuset.pp']);
  assert.is((await root.rpm('-e', 'hostdev-cpuset-selinux')).code, 0);
  assert.equal(root.files(), []);
});

test('a package that does not exist is named', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [
    `${projectRoot}scripts/build-packages.mjs`,
    'i386.deb',
  ]);
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, /^build:packages: i386\.deb: no such package; known: all\.deb, .*\n$/);
});

test.run();
