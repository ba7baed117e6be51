import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('Debian package', needs('dpkg-deb', 'lintian', 'systemd-analyze', 'mount-namespace'));
/** The file that libvirt runs. */
const STUB = 'etc/libvirt/hooks/qemu.d/hostdev-cpuset';
let folder: TemporaryFolder;
let deb: string;

test.before(async () => {
  folder = new TemporaryFolder();
  const env = { ...process.env, DEBFULLNAME: 'Test', DEBEMAIL: 'test@example.org', SOURCE_DATE_EPOCH: '1700000000' };
  const words = [`${projectRoot}scripts/build-packages.mjs`, '--quick', '--output', folder.path, 'all.deb'];
  const built = await run(process.execPath, words, { env });
  assert.is(built.code, 0, built.stderr);
  deb = built.stdout.trim();
});
test.after(() => folder.remove());

/** Runs dpkg on its own root. Maintainer scripts run outside of it, with its path. */
function dpkg(root: string, ...words: string[]): Promise<Outcome> {
  const common = [`--root=${root}`, '--force-depends', '--force-script-chrootless', '--log=/dev/null'];
  return run('dpkg', [...common, ...words], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
}

function emptyRoot(name: string): string {
  for (const part of ['info', 'updates']) mkdirSync(folder.join(name, 'var/lib/dpkg', part), { recursive: true });
  mkdirSync(folder.join(name, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', folder.join(name, 'lib'));
  folder.write(`${name}/var/lib/dpkg/status`, '');
  return folder.join(name);
}

/** The files in a root, except dpkg's own and directories. */
const remains = (root: string) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      !/^(?:lib$|var\/lib\/dpkg)/.test(name) && !statSync(`${root}/${name}`, { throwIfNoEntry: false })?.isDirectory(),
  );

test('lintian finds no error and warns of nothing', async () => {
  const env = { ...process.env, TMPDIR: folder.path };
  const { code, stdout, stderr } = await run('lintian', ['--fail-on', 'error,warning', '--allow-root', deb], { env });
  assert.is(code, 0, stdout + stderr);
});

test('it is installed, runs from its place, and a purge removes all files', async () => {
  const root = emptyRoot('installed');
  const installed = await dpkg(root, '--install', deb);
  assert.is(installed.code, 0, installed.stderr);

  for (const name of ['hostdev-cpuset', 'lint-domain']) {
    assert.match(readFileSync(`${root}/usr/bin/${name}`, 'utf8'), /^#!\/usr\/bin\/node\n/);
    const { code, stdout } = await run(process.execPath, [`${root}/usr/bin/${name}`, '--version'], { cwd: '/' });
    assert.equal([code, stdout], [0, `${version()}\n`]);
  }
  for (const engine of ['libxml2-wasm', 'auto']) {
    const words = ['--engine', engine, `${projectRoot}samples/gpu.xml`];
    const linted = await run(process.execPath, [`${root}/usr/bin/lint-domain`, ...words], { cwd: '/' });
    assert.is(linted.code, 0, linted.stdout + linted.stderr);
  }
  const stub = `${root}/${STUB}`;
  const hook = `${root}/usr/lib/hostdev-cpuset/hook`;
  for (const path of [stub, hook]) assert.is(statSync(path).mode & 0o777, 0o755);
  assert.is(readFileSync(stub, 'utf8'), readFileSync(`${projectRoot}hook/stub`, 'utf8'));
  assert.match(readFileSync(hook, 'utf8'), "\ncli='/usr/bin/hostdev-cpuset'\n");
  const enabled = 'etc/systemd/system/multi-user.target.wants/hostdev-cpuset.service';
  assert.ok(readdirSync(root, { recursive: true, encoding: 'utf8' }).includes(enabled));

  const { code, stderr } = await run(process.execPath, [`${root}/usr/bin/hostdev-cpuset`, 'install', '--prefix', root]);
  assert.is(code, 2);
  assert.match(stderr, /^hostdev-cpuset: [^\n]* belongs to a package: [^\n]*\n$/);

  folder.write('installed/etc/hostdev-cpuset/config.json', '{}');
  folder.write('installed/run/hostdev-cpuset/x.json', '{}');
  const removed = await dpkg(root, '--remove', 'hostdev-cpuset');
  assert.is(removed.code, 0, removed.stderr);
  assert.not(readdirSync(root, { recursive: true, encoding: 'utf8' }).some((name) => /^usr\/.*hostdev/.test(name)));
  // libvirt still runs it.
  assert.equal(await run(stub, ['guest', 'started', 'begin', '-']), { code: 0, stdout: '', stderr: '' });

  const purged = await dpkg(root, '--purge', 'hostdev-cpuset');
  assert.is(purged.code, 0, purged.stderr);
  assert.equal(remains(root), []);
});

/** The package with modified contents; returns the file. */
function repacked(name: string, version: string, change: (tree: string) => void): string {
  const tree = folder.join(name);
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
  change(tree);
  const control = readFileSync(`${tree}/DEBIAN/control`, 'utf8');
  writeFileSync(`${tree}/DEBIAN/control`, control.replace(/^Version: .*$/m, `Version: ${version}`));
  const file = folder.join(`${name}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, file], { stdio: 'ignore' });
  return file;
}

/** A package like version 0.1.0: the complete hook in libvirt's directory, and no maintainer scripts. */
const withWholeHook = () =>
  repacked(`whole-hook-${Math.random()}`, '0.0.9', (tree) => {
    renameSync(`${tree}/usr/lib/hostdev-cpuset/hook`, `${tree}/${STUB}`);
    for (const name of ['postinst', 'prerm', 'postrm']) rmSync(`${tree}/DEBIAN/${name}`);
    // dpkg sees by the inode that a file of the next version is this one, if /lib is a link to /usr/lib
    mkdirSync(`${tree}/lib`);
    renameSync(`${tree}/usr/lib/systemd`, `${tree}/lib/systemd`);
  });

/** The files that libvirt would run. */
const executables = (root: string) => {
  const path = `${root}/${dirname(STUB)}`;
  return readdirSync(path).filter((name) => (statSync(`${path}/${name}`).mode & 0o111) !== 0);
};
const NAME = basename(STUB);

test('an update from a complete hook in that directory asks no question and installs the stub', async () => {
  const root = emptyRoot('updated');
  assert.is((await dpkg(root, '--install', withWholeHook())).code, 0);
  assert.not.match(readFileSync(`${root}/${STUB}`, 'utf8'), '/usr/lib/hostdev-cpuset/hook');
  const updated = await dpkg(root, '--install', deb);
  assert.equal([updated.code, updated.stdout.includes('Configuration file')], [0, false], updated.stderr);
  assert.is(readFileSync(`${root}/${STUB}`, 'utf8'), readFileSync(`${projectRoot}hook/stub`, 'utf8'));
  assert.equal(readdirSync(`${root}/${dirname(STUB)}`), [NAME]);
  assert.ok(
    existsSync(`${root}/usr/lib/systemd/system/hostdev-cpuset.service`),
    'the unit moved from /lib to /usr/lib',
  );
});

for (const [choice, current] of [
  ['--force-confnew', 'stub'],
  ['--force-confold', 'changed'],
] as const)
  test(`an update over a modified hook, ${choice}: exactly one of the two runs`, async () => {
    const root = emptyRoot(`changed${choice}`);
    assert.is((await dpkg(root, '--install', withWholeHook())).code, 0);
    const before = `${readFileSync(`${root}/${STUB}`, 'utf8')}# changed\n`;
    writeFileSync(`${root}/${STUB}`, before);
    const updated = await dpkg(root, choice, '--install', deb);
    assert.is(updated.code, 0, updated.stderr);
    assert.equal(executables(root), [NAME]);
    assert.is(readFileSync(`${root}/${STUB}`, 'utf8') === before, current === 'changed');
    const aside = `${STUB}.${current === 'stub' ? 'dpkg-old' : 'dpkg-dist'}`;
    assert.is(readFileSync(`${root}/${aside}`, 'utf8') === before, current === 'stub');
  });

/** A root in which `hostdev-cpuset install` has been used, as npm's package does. */
async function rootOfNpm(name: string): Promise<string> {
  const root = emptyRoot(name);
  const installed = await runCli('hostdev-cpuset', ['install', '--prefix', root]);
  assert.is(installed.code, 0, installed.stderr);
  assert.match(readFileSync(`${root}/${STUB}`, 'utf8'), "\nhook='/etc/hostdev-cpuset/hook'\n");
  return root;
}
/** The files in a root that `install` wrote. */
const filesOfInstall = (root: string) => {
  const isOfInstall = (path: string) =>
    existsSync(path) && /^# Written by hostdev-cpuset install; /m.test(readFileSync(path, 'utf8'));
  return remains(root).filter((name) => isOfInstall(`${root}/${name}`));
};

test('after `hostdev-cpuset install` it asks no question and replaces what that wrote', async () => {
  const root = await rootOfNpm('after-npm');
  const installed = await dpkg(root, '--install', deb);
  assert.equal([installed.code, installed.stdout.includes('Configuration file')], [0, false], installed.stderr);
  assert.match(installed.stdout, 'removed     /etc/systemd/system/hostdev-cpuset.service\n');
  assert.equal(filesOfInstall(root), []);
  assert.is(readFileSync(`${root}/${STUB}`, 'utf8'), readFileSync(`${projectRoot}hook/stub`, 'utf8'));
  assert.is((await dpkg(root, '--purge', 'hostdev-cpuset')).code, 0);
  assert.equal(remains(root), []);
});

test('a stub of `hostdev-cpuset install` stays if the package was installed before: dpkg would not replace it', async () => {
  const stub = readFileSync(`${await rootOfNpm('stub-of-npm')}/${STUB}`);
  for (const end of ['--remove', undefined]) {
    const root = emptyRoot(`again${end ?? ''}`);
    assert.is((await dpkg(root, '--install', deb)).code, 0);
    if (end) assert.is((await dpkg(root, end, 'hostdev-cpuset')).code, 0);
    writeFileSync(`${root}/${STUB}`, stub);
    const again = await dpkg(root, '--install', deb);
    assert.equal([again.code, again.stdout.includes('Configuration file')], [0, false], again.stderr);
    assert.equal(readFileSync(`${root}/${STUB}`), stub);
  }
});

test('files of `hostdev-cpuset install` that were modified are kept and named', async () => {
  const root = await rootOfNpm('after-changed-npm');
  const unit = 'etc/systemd/system/hostdev-cpuset.service';
  for (const name of [STUB, unit]) appendFileSync(`${root}/${name}`, '# changed\n');
  // without this, dpkg asks about the stub, as about every modified configuration file
  const installed = await dpkg(root, '--force-confold', '--install', deb);
  assert.is(installed.code, 0, installed.stderr);
  for (const name of [STUB, unit]) assert.match(installed.stdout, `left alone  /${name}: it was modified since`);
  assert.equal(filesOfInstall(root).sort(), [STUB, unit]);
});

test('the next version changes the hook and asks no question about the stub', async () => {
  const root = emptyRoot('next');
  assert.is((await dpkg(root, '--install', deb)).code, 0);
  const next = repacked('next-version', '99', (tree) =>
    appendFileSync(`${tree}/usr/lib/hostdev-cpuset/hook`, '# 99\n'),
  );
  // A user's modified stub is kept, as the package's stub has not changed.
  appendFileSync(`${root}/${STUB}`, '# changed\n');
  const updated = await dpkg(root, '--install', next);
  assert.equal([updated.code, updated.stdout.includes('Configuration file')], [0, false], updated.stderr);
  assert.match(readFileSync(`${root}/usr/lib/hostdev-cpuset/hook`, 'utf8'), /# 99\n$/);
  assert.equal(readdirSync(`${root}/${dirname(STUB)}`), [NAME]);
});

test('a disabled hook stays disabled in the next version', async () => {
  const root = emptyRoot('off');
  assert.is((await dpkg(root, '--install', deb)).code, 0);
  chmodSync(`${root}/${STUB}`, 0o644);
  const updated = await dpkg(
    root,
    '--install',
    repacked('version-after', '99', () => {}),
  );
  assert.is(updated.code, 0, updated.stderr);
  const changed = repacked('changed-stub', '100', (tree) => appendFileSync(`${tree}/${STUB}`, '# 100\n'));
  assert.is((await dpkg(root, '--install', changed)).code, 0);
  assert.match(readFileSync(`${root}/${STUB}`, 'utf8'), /# 100\n$/);
  assert.equal(executables(root), []);
});

test('unit, manual pages and completions are in place, and the checksums are right', async () => {
  mkdirSync(folder.join('unpacked'));
  execFileSync('dpkg-deb', ['--raw-extract', deb, folder.join('unpacked')]);
  const sums = await run('md5sum', ['--check', '--quiet', 'DEBIAN/md5sums'], { cwd: folder.join('unpacked') });
  assert.is(sums.code, 0, sums.stdout);
  for (const page of readdirSync(`${projectRoot}man`))
    assert.ok(existsSync(folder.join(`unpacked/usr/share/man/man${page.at(-1)}/${page}.gz`)), page);
  for (const [shell, place] of [
    ['bash', 'bash-completion/completions'],
    ['zsh', 'zsh/vendor-completions'],
    ['fish', 'fish/vendor_completions.d'],
  ] as const) {
    const names = readdirSync(`${projectRoot}completions/${shell}`);
    assert.ok(names.length > 0);
    for (const name of names) {
      const file = folder.join(`unpacked/usr/share/${place}/${name}`);
      assert.is(readFileSync(file, 'utf8'), readFileSync(`${projectRoot}completions/${shell}/${name}`, 'utf8'));
    }
  }
  const unit = folder.join('unpacked/usr/lib/systemd/system/hostdev-cpuset.service');
  const text = readFileSync(unit, 'utf8');
  const here = folder.write('hostdev-cpuset.service', text.replace('/usr/bin/hostdev-cpuset', '/bin/true'));
  const verified = await run('systemd-analyze', ['verify', '--man=no', here]);
  assert.equal([verified.code, verified.stderr], [0, '']);
});

test('links between the documentation pages are valid', () => {
  const doc = folder.join('unpacked/usr/share/doc/hostdev-cpuset');
  const pages = readdirSync(doc, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  assert.ok(pages.includes('README.md') && pages.includes('docs/README.md'));
  for (const page of pages) {
    const text = readFileSync(`${doc}/${page}`, 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!\w+:|#)([^)#]+)/g))
      assert.ok(existsSync(join(doc, dirname(page), target as string)), `${page}: ${target}`);
  }
});

test.run();

const version = () => JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8')).version;
