// npm run build:image [-- --output DIRECTORY] [--package FILE]: builds the container image of the KubeVirt node agent,
// as an OCI archive for `podman load`, `ctr images import` and `skopeo copy`: Debian's essential packages and our
// package with its private Node. FILE: that package for this machine's architecture; default: it is built. As root, on
// Debian: mmdebstrap downloads from Debian's mirror, umoci makes the image; nothing runs in a container.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { DEBIAN_MIRROR, installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';
import { sourceDate } from './packages/source.mjs';

const SUITE = 'trixie';
const TOOLS = ['dpkg', 'mmdebstrap', 'umoci'];
/** Files of Debian's packages that a container without users does not need. */
const LEFT_OUT = ['locale', 'man', 'info', 'doc', 'zsh', 'fish', 'bash-completion'].map(
  (name) => `/usr/share/${name}/*`,
);

const options = { output: { type: 'string', default: 'dist-image' }, package: { type: 'string' } };
const { values } = util.parseArgs({ options });
const output = resolve(values.output);
const given = values.package === undefined ? undefined : resolve(values.package);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (process.getuid() !== 0) {
  console.error('build:image: run it as root on Debian, because it makes a root file system');
  process.exit(1);
}
ensureInstalled();
installPackages(TOOLS);
process.umask(0o022);
const epoch = `${sourceDate()}`;
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-image-'));
try {
  console.log(buildImage());
} finally {
  rmSync(work, { recursive: true });
}

/** @returns {string} the path of the archive */
function buildImage() {
  const architecture = outputOf('dpkg', ['--print-architecture']);
  const deb = join(work, 'hostdev-cpuset.deb');
  cpSync(given ?? buildPackage(architecture), deb);
  const version = outputOf('dpkg-deb', ['--field', deb, 'Version']);
  const of = outputOf('dpkg-deb', ['--field', deb, 'Architecture']);
  if (of !== architecture) throw new Error(`${given}: a package for ${of}; the image needs one for ${architecture}`);

  const layer = join(work, 'layer.tar');
  makeFileSystem(deb, layer);
  const layout = join(work, 'layout');
  const image = `${layout}:${version}`;
  run('umoci', ['init', '--layout', layout]);
  run('umoci', ['new', '--image', image]);
  run('umoci', ['raw', 'add-layer', '--image', image, '--history.created_by', 'build:image', layer]);
  run('umoci', ['config', '--image', image, ...configuration(architecture, version)]);
  run('umoci', ['gc', '--layout', layout]);

  mkdirSync(output, { recursive: true });
  const archive = join(output, `hostdev-cpuset-${version}-${architecture}.oci.tar`);
  const same = ['--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  run('tar', [...same, '-cf', archive, '-C', layout, '.']);
  return archive;
}

/** The smaller compression is enough, since the image holds the package's files. */
function buildPackage(architecture) {
  const words = ['scripts/build-packages.mjs', '--quick', '--output', work, `${architecture}.deb`];
  return outputOf(process.execPath, words).split('\n').at(-1);
}

/** Writes a Debian system with the package as a tar file. Its package lists and logs are left out. */
function makeFileSystem(deb, target) {
  const needed = outputOf('dpkg-deb', ['--field', deb, 'Depends']).split(', ');
  const inside = '/tmp/hostdev-cpuset.deb';
  run('mmdebstrap', [
    '--quiet',
    '--mode=root',
    '--variant=essential',
    `--include=${needed.map((one) => one.replace(/ .*/, '')).join()}`,
    ...LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--customize-hook=copy-in ${deb} /tmp`,
    `--customize-hook=chroot "$1" dpkg --install ${inside} >/dev/null`,
    `--customize-hook=rm "$1${inside}"`,
    SUITE,
    target,
    DEBIAN_MIRROR,
  ]);
}

function configuration(architecture, version) {
  const labels = {
    'org.opencontainers.image.title': 'hostdev-cpuset',
    'org.opencontainers.image.description': 'Places the interrupts of passed-through PCI devices',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'MIT',
  };
  return [
    ...['--os', 'linux', '--architecture', architecture, '--created', new Date(epoch * 1000).toISOString()],
    ...['--config.entrypoint', '/usr/bin/hostdev-cpuset'],
    ...['watch', '--root', '/host', '--discover', 'proc'].flatMap((word) => ['--config.cmd', word]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--config.label', `${name}=${value}`]),
  ];
}

function run(program, words) {
  const env = { ...process.env, SOURCE_DATE_EPOCH: epoch };
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

function outputOf(program, words) {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
