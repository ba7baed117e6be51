// npm run build:deb [DIRECTORY]: builds a Debian package from the contents of `npm pack`. Default directory: dist-deb/.
// Maintainer: $DEBFULLNAME <$DEBEMAIL>; date: $SOURCE_DATE_EPOCH, as in Debian's tools. Git supplies missing values.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { copyrightText } from './deb-copyright.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const maintainer = `${process.env.DEBFULLNAME ?? git('config', 'user.name')} <${process.env.DEBEMAIL ?? git('config', 'user.email')}>`;
const date = Number(process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct'));
/** Installation directory of the program. */
const HOME = 'usr/lib/hostdev-cpuset';
const DOC = 'usr/share/doc/hostdev-cpuset';
/** A conffile, like every file in /etc. It is identical in every version, so dpkg never asks about it. */
const HOOK_STUB = 'etc/libvirt/hooks/qemu.d/hostdev-cpuset';

if (!existsSync('dist/bin/hostdev-cpuset.cjs'))
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-deb-'));
try {
  const tree = join(work, 'tree');
  stage(unpacked(), tree);
  const folder = process.argv[2] ?? 'dist-deb';
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/hostdev-cpuset_${manifest.version}_all.deb`;
  const env = { ...process.env, SOURCE_DATE_EPOCH: `${date}` };
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  console.log(file);
} finally {
  rmSync(work, { recursive: true });
}

function unpacked() {
  const words = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', work];
  const tarball = execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  execFileSync('tar', ['-xzf', join(work, tarball), '-C', work]);
  return join(work, 'package');
}

function stage(from, tree) {
  const put = (source, target) => cpSync(source, join(tree, target), { recursive: true });
  const write = (target, text, mode = 0o644) => {
    mkdirSync(dirname(join(tree, target)), { recursive: true });
    writeFileSync(join(tree, target), text);
    chmodSync(join(tree, target), mode);
  };
  const read = (name) => readFileSync(join(from, name), 'utf8');

  for (const name of ['package.json', 'dist/bin', 'rng', 'schemas']) put(join(from, name), `${HOME}/${name}`);
  // The only library that cannot be bundled.
  put('node_modules/libxml2-wasm', `${HOME}/node_modules/libxml2-wasm`);
  for (const name of filesBelow(join(tree, HOME, 'node_modules')))
    if (/\.(?:map|md|d\.mts)$|\/LICENSE/.test(name)) rmSync(name);
  // The copyright file contains the licences of the bundled packages.
  for (const name of filesBelow(join(tree, HOME, 'dist'))) if (name.endsWith('-LICENSES.txt')) rmSync(name);
  // Same layout as in the repository, because the pages link to each other.
  for (const name of ['README.md', 'docs', 'examples', 'samples', 'selinux']) put(join(from, name), `${DOC}/${name}`);
  for (const name of filesBelow(tree)) chmodSync(name, isScript(name) ? 0o755 : 0o644);
  for (const name of ['rng', 'schemas']) symlinkSync(`../../../lib/hostdev-cpuset/${name}`, join(tree, DOC, name));

  for (const [name, script] of Object.entries(manifest.bin)) {
    mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    symlinkSync(`../lib/hostdev-cpuset/${script}`, join(tree, 'usr/bin', name));
  }
  write(HOOK_STUB, read('hook/stub'), 0o755);
  write(`${HOME}/hook`, read('hook/qemu').replace("\ncli=''\n", "\ncli='/usr/bin/hostdev-cpuset'\n"), 0o755);
  write(`${HOME}/irqbalance.d/hostdev-cpuset`, read('service/irqbalance-policy'), 0o755);
  write('lib/systemd/system/hostdev-cpuset.service', read('service/hostdev-cpuset.service'));
  write('lib/systemd/system/irqbalance.service.d/hostdev-cpuset.conf', read('service/irqbalance.conf'));
  write('usr/lib/tmpfiles.d/hostdev-cpuset.conf', read('service/tmpfiles.conf'));
  for (const name of readdirSync(join(from, 'man')))
    write(`usr/share/man/man${name.at(-1)}/${name}.gz`, gzip(read(`man/${name}`)));
  put(join(from, 'completions/bash'), 'usr/share/bash-completion/completions');
  put(join(from, 'completions/zsh'), 'usr/share/zsh/vendor-completions');

  write(`${DOC}/changelog.gz`, gzip(changelog()));
  write(`${DOC}/NEWS.md.gz`, gzip(read('CHANGELOG.md')));
  write(`${DOC}/copyright`, copyrightText(read('LICENSE')));
  write('DEBIAN/control', control(sizeOf(tree)));
  write('DEBIAN/conffiles', `/${HOOK_STUB}\n`);
  for (const name of ['postinst', 'prerm', 'postrm'])
    write(`DEBIAN/${name}`, readFileSync(`scripts/deb/${name}`), 0o755);
  const sums = filesBelow(tree).filter((name) => !name.startsWith(join(tree, 'DEBIAN')));
  write('DEBIAN/md5sums', sums.map((name) => `${md5(name)}  ${relative(tree, name)}\n`).join(''));
  for (const folder of foldersBelow(tree)) chmodSync(folder, 0o755);
}

function control(size) {
  return `Package: hostdev-cpuset
Version: ${manifest.version}
Architecture: all
Maintainer: ${maintainer}
Installed-Size: ${size}
Depends: nodejs (>= 18.17)
Recommends: libvirt-clients, libxml2-utils
Suggests: irqbalance, prometheus-node-exporter
Section: admin
Priority: optional
Description: ${manifest.description}
 A KVM guest's vCPUs can be pinned to CPUs of the host. This adds the word
 for the interrupts of the PCI devices that are passed through to it:
 <hostdev cpuset="auto"> in libvirt's domain XML.
 .
 lint-domain checks such XML, hostdev-cpuset carries the policies through
 libvirt, and a service keeps the interrupts of running guests on the CPUs
 that they were given.
`;
}

function changelog() {
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
  return `hostdev-cpuset (${manifest.version}) unstable; urgency=medium\n\n  * The changes are in NEWS.md.gz.\n\n -- ${maintainer}  ${day}\n`;
}

function git(...words) {
  return execFileSync('git', words, { encoding: 'utf8' }).trim();
}

/** Like gzip -9n: without file name and timestamp. */
function gzip(text) {
  return gzipSync(text, { level: 9 });
}

function isScript(name) {
  return readFileSync(name, 'latin1').startsWith('#!');
}

function md5(name) {
  return createHash('md5').update(readFileSync(name)).digest('hex');
}

/** All entries with their paths. Does not follow symbolic links; readdir's own recursion does from Node 22 on. */
function entriesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return [{ entry, path }, ...(entry.isDirectory() ? entriesBelow(path) : [])];
  });
}

function filesBelow(folder) {
  return entriesBelow(folder)
    .filter(({ entry }) => entry.isFile())
    .map(({ path }) => path)
    .sort();
}

function foldersBelow(folder) {
  const folders = entriesBelow(folder).filter(({ entry }) => entry.isDirectory());
  return [folder, ...folders.map(({ path }) => path)];
}

/** Size in KiB. */
function sizeOf(folder) {
  return Math.ceil(filesBelow(folder).reduce((sum, name) => sum + Math.ceil(statSync(name).size / 1024), 0));
}
