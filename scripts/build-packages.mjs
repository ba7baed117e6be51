// npm run build:packages [-- [--output DIRECTORY] [--quick] [PACKAGE...]]: builds the packages for Debian, RPM and npm
// from a copy of the sources. PACKAGE: all.deb, amd64.deb, arm64.deb, noarch.rpm, x86_64.rpm, aarch64.rpm, npm.tgz;
// default: all of them, in dist-packages/. all.deb and noarch.rpm need a package nodejs, the others have a private
// Node. --quick compresses less. Maintainer: $DEBFULLNAME <$DEBEMAIL>; date: $SOURCE_DATE_EPOCH, else that of the last
// commit. The same sources, date and tools give the same bytes.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';
import { buildDeb } from './packages/deb.mjs';
import { buildRpm } from './packages/rpm.mjs';
import { buildFromSource, sourceDate } from './packages/source.mjs';
import { fetchNode, RELEASES } from './program-releases.mjs';

const PACKAGES = {
  'all.deb': { build: buildDeb, architecture: 'all' },
  'amd64.deb': { build: buildDeb, architecture: 'amd64', node: 'x64' },
  'arm64.deb': { build: buildDeb, architecture: 'arm64', node: 'arm64' },
  'noarch.rpm': { build: buildRpm, architecture: 'noarch' },
  'x86_64.rpm': { build: buildRpm, architecture: 'x86_64', node: 'x64' },
  'aarch64.rpm': { build: buildRpm, architecture: 'aarch64', node: 'arm64' },
  'npm.tgz': { build: copyTarball },
};
const STRIP = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' };
/** The Debian packages with the tools. */
const TOOLS = ['binutils-x86-64-linux-gnu', 'binutils-aarch64-linux-gnu', 'dpkg', 'make', 'rpm', 'selinux-policy-dev'];
const MAX_BYTES = 30e6;

const options = { output: { type: 'string', default: 'dist-packages' }, quick: { type: 'boolean', default: false } };
const { values, positionals } = util.parseArgs({ options, allowPositionals: true });
const output = resolve(values.output);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const wanted = positionals.length > 0 ? positionals : Object.keys(PACKAGES);
const unknown = wanted.find((name) => !Object.hasOwn(PACKAGES, name));
if (unknown !== undefined) fail(`${unknown}: no such package; known: ${Object.keys(PACKAGES).join(', ')}`);

ensureInstalled();
const needsTools = wanted.some((name) => name !== 'npm.tgz');
if (needsTools && process.getuid() === 0 && existsSync('/etc/debian_version')) installPackages(TOOLS);
process.umask(0o022);
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const date = sourceDate();
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-packages-'));
try {
  mkdirSync(output, { recursive: true });
  const { tarball, package: from } = buildFromSource(work, date);
  for (const name of wanted) {
    const { build, architecture, node } = PACKAGES[name];
    const common = { tarball, from, work, folder: output, manifest, date, architecture, isQuick: values.quick };
    for (const file of [build({ ...common, node: node && privateNode(node) })].flat()) {
      const { size } = statSync(file);
      if (size > MAX_BYTES && !values.quick) fail(`${file} has ${size} bytes, more than ${MAX_BYTES}`);
      console.log(file);
    }
  }
} finally {
  rmSync(work, { recursive: true });
}

function copyTarball({ tarball, folder }) {
  const target = join(folder, basename(tarball));
  copyFileSync(tarball, target);
  return target;
}

function privateNode(architecture) {
  const folder = fetchNode(RELEASES.private, architecture);
  const licence = readFileSync(join(folder, 'LICENSE'), 'utf8');
  return { program: join(folder, 'bin/node'), licence, strip: STRIP[architecture] };
}

function fail(problem) {
  console.error(`build:packages: ${problem}`);
  process.exit(1);
}
