import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesBelow, foldersBelow, linksBelow, setTimes } from './entries.mjs';
import { DOC, HOME, HOOK_STUB, setFolderModes, stage, writerTo } from './stage.mjs';

const LICENCES = 'usr/share/licenses/hostdev-cpuset';
/** Directories that belong to this package alone. */
const OWN_FOLDERS = /\/(?:hostdev-cpuset(?:\/.*)?|irqbalance\.service\.d)$/;
/** By the names of their files, because the packages have other names in each distribution. */
const NODE_REQUIRES = {
  x86_64: ['libc.so.6(GLIBC_2.28)(64bit)', 'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)', 'libgcc_s.so.1()(64bit)'],
  aarch64: ['libc.so.6(GLIBC_2.28)(64bit)', 'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)', 'libgcc_s.so.1()(64bit)'],
};

/**
 * Builds RPM packages; returns their paths. The one for every architecture also makes the package of the SELinux policy
 * module. Options as for buildDeb().
 */
export function buildRpm({ from, work, folder, manifest, date, architecture, node, isQuick }) {
  const tree = join(work, `${architecture}.rpm`);
  const top = `${tree}.build`;
  const write = writerTo(tree);
  const read = (name) => readFileSync(join(from, name), 'utf8');
  stage(from, tree, { zshFolder: 'zsh/site-functions', node });
  // Debian's systemd enables services without one
  write('usr/lib/systemd/system-preset/50-hostdev-cpuset.preset', readFileSync('packaging/rpm/preset', 'utf8'));
  write(`${HOME}/stub`, read('hook/stub'), 0o755);
  write(`${DOC}/CHANGELOG.md`, read('CHANGELOG.md'));
  write(`${LICENCES}/LICENSE`, read('LICENSE'));
  write(`${LICENCES}/THIRD-PARTY-LICENSES.txt`, read('dist/bin/THIRD-PARTY-LICENSES.txt'));
  cpSync('node_modules/libxml2-wasm/LICENSE', join(tree, LICENCES, 'libxml2-wasm'));
  if (node) write(`${LICENCES}/node`, node.licence);
  setFolderModes(tree);
  const files = fileList(tree);

  const hasModule = architecture === 'noarch';
  if (hasModule) write('usr/share/selinux/packages/hostdev-cpuset.pp', policyModule(join(work, 'selinux')));
  setFolderModes(tree);
  setTimes(tree, date);
  mkdirSync(top);
  writeFileSync(join(top, 'files'), files);
  const { DEBEMAIL: email = 'hostdev-cpuset@users.noreply.github.com' } = process.env;
  const requires = node ? NODE_REQUIRES[architecture] : [`nodejs >= 1:${/^>=(\d+)/.exec(manifest.engines.node)[1]}`];
  const values = {
    VERSION: manifest.version.replace('-', '~'),
    SUMMARY: manifest.description,
    LICENSE: node ? 'MIT AND ISC AND Apache-2.0 AND BSD-3-Clause' : 'MIT AND ISC',
    AUTHOR: process.env.DEBFULLNAME ?? manifest.author,
    EMAIL: email,
    REQUIRES: [...requires, '/bin/sh'].join(', '),
    PAYLOAD: isQuick ? 'w1.gzdio' : 'w9T2.xzdio',
    FILES: join(top, 'files'),
    HOOK_STUB,
    SELINUX: hasModule ? readFileSync('packaging/rpm/selinux.spec.in', 'utf8') : '',
    DAY: day(date),
  };
  const spec = readFileSync('packaging/rpm/hostdev-cpuset.spec.in', 'utf8').replace(
    /@([A-Z_]+)@/g,
    (_, name) => values[name],
  );
  writeFileSync(join(top, 'hostdev-cpuset.spec'), spec);
  const words = ['-bb', '--quiet', '--noclean', '--define', `_topdir ${top}`, '--target', `${architecture}-linux`];
  execFileSync('rpmbuild', [...words, '--buildroot', tree, join(top, 'hostdev-cpuset.spec')], {
    env: { ...process.env, SOURCE_DATE_EPOCH: `${date}`, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const made = filesBelow(join(top, 'RPMS')).map((path) => {
    const target = join(folder, path.slice(path.lastIndexOf('/') + 1));
    cpSync(path, target);
    return target;
  });
  for (const path of [tree, top]) rmSync(path, { recursive: true, force: true });
  return made;
}

/** The lines of %files, with every mode. */
function fileList(tree) {
  const name = (path) => `"/${relative(tree, path)}"`;
  const mode = (path) => (statSync(path).mode & 0o777).toString(8).padStart(4, '0');
  const kind = (path) =>
    path.includes('/share/doc/') ? '%doc ' : path.includes('/share/licenses/') ? '%license ' : '';
  return [
    ...foldersBelow(tree)
      .filter((path) => OWN_FOLDERS.test(path))
      .map((path) => `%dir %attr(0755, root, root) ${name(path)}\n`),
    ...filesBelow(tree).map((path) => `${kind(path)}%attr(${mode(path)}, root, root) ${name(path)}\n`),
    ...linksBelow(tree).map((path) => `${name(path)}\n`),
  ].join('');
}

/** Compiled with the headers of Debian's policy, from which Fedora's descends. */
function policyModule(folder) {
  mkdirSync(folder);
  for (const name of ['hostdev-cpuset.te', 'hostdev-cpuset.fc']) cpSync(join('selinux', name), join(folder, name));
  execFileSync('make', ['-f', '/usr/share/selinux/devel/Makefile', 'hostdev-cpuset.pp'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readFileSync(join(folder, 'hostdev-cpuset.pp'));
}

/** As %changelog wants it: Sun Nov 22 2026. */
function day(date) {
  const [weekday, dayOfMonth, month, year] = new Date(date * 1000).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${dayOfMonth} ${year}`;
}
