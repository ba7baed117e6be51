import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { copyrightText } from './copyright.mjs';
import { filesBelow, setTimes } from './entries.mjs';
import { DOC, gzip, HOME, HOOK_STUB, setFolderModes, stage, writerTo } from './stage.mjs';

/** Debian's names, and the library versions that the npm packages of Node are built for. */
const NODE_DEPENDS = 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)';

/**
 * Builds a Debian package; returns its path.
 * @param {{from: string, work: string, folder: string, manifest: object, date: number, architecture: string,
 *   node?: {program: string, licence: string, strip: string}, isQuick: boolean}} options `from` is the contents of the
 *   npm package. Without `node` it depends on the package nodejs.
 */
export function buildDeb({ from, work, folder, manifest, date, architecture, node, isQuick }) {
  const tree = join(work, `${architecture}.deb`);
  const write = writerTo(tree);
  stage(from, tree, { zshFolder: 'zsh/vendor-completions', node });
  // The copyright file contains the licences of the bundled packages.
  for (const name of filesBelow(join(tree, HOME, 'dist'))) if (name.endsWith('-LICENSES.txt')) rmSync(name);
  const read = (name) => readFileSync(join(from, name), 'utf8');
  const { DEBFULLNAME = manifest.author, DEBEMAIL = 'hostdev-cpuset@users.noreply.github.com' } = process.env;
  const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`;
  write(HOOK_STUB, read('hook/stub'), 0o755);
  write(`${DOC}/changelog.gz`, gzip(changelog(manifest, maintainer, date)));
  write(`${DOC}/NEWS.md.gz`, gzip(read('CHANGELOG.md')));
  write(`${DOC}/copyright`, copyrightText(read('LICENSE'), node?.licence));
  if (node) write('usr/share/lintian/overrides/hostdev-cpuset', readFileSync('packaging/debian/lintian-overrides'));
  write(
    'DEBIAN/control',
    control({ manifest, maintainer, architecture, hasNode: node !== undefined, size: sizeOf(tree) }),
  );
  // It is identical in every version, so dpkg never asks about it.
  write('DEBIAN/conffiles', `/${HOOK_STUB}\n`);
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm'])
    write(`DEBIAN/${name}`, readFileSync(`packaging/debian/${name}`), 0o755);
  const sums = filesBelow(tree).filter((name) => !name.startsWith(join(tree, 'DEBIAN')) && !name.endsWith(HOOK_STUB));
  write('DEBIAN/md5sums', sums.map((name) => `${md5(name)}  ${relative(tree, name)}\n`).join(''));
  setFolderModes(tree);
  setTimes(tree, date);
  const file = join(folder, `hostdev-cpuset_${manifest.version}_${architecture}.deb`);
  const compression = isQuick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z9'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: `${date}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(tree, { recursive: true });
  return file;
}

function control({ manifest, maintainer, architecture, hasNode, size }) {
  const [, oldest] = /^>=(.*)/.exec(manifest.engines.node);
  return `Package: hostdev-cpuset
Version: ${manifest.version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${size}
Depends: ${hasNode ? NODE_DEPENDS : `nodejs (>= ${oldest})`}
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
${hasNode ? ' .\n This package has its own copy of Node.js and needs no other.\n' : ''}`;
}

function changelog({ version }, maintainer, date) {
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
  return `hostdev-cpuset (${version}) unstable; urgency=medium\n\n  * The changes are in NEWS.md.gz.\n\n -- ${maintainer}  ${day}\n`;
}

function md5(name) {
  return createHash('md5').update(readFileSync(name)).digest('hex');
}

/** Size in KiB. */
function sizeOf(folder) {
  return Math.ceil(filesBelow(folder).reduce((sum, name) => sum + Math.ceil(statSync(name).size / 1024), 0));
}
