// npm run test:packages: builds the Debian packages and installs, uses, updates, removes and purges them in Debian 12
// and 13, and checks them with the lintian of both; does the same while the service and a guest of a real libvirt run,
// in systems that are booted in containers; installs there by the commands of README.md, from a clone and from npm's
// tarball; runs the watcher by OpenRC and by runit; builds the container image by the script and by the Containerfile,
// and runs both. As root, on Debian, on a machine with two CPUs or more: mmdebstrap makes the systems, once.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';
import { buildContainerfile } from './packages/build-containerfile.mjs';
import { debianRoot, RELEASES } from './packages/debian-root.mjs';

const SAMPLE_HOST = 'samples/hosts/workstation.json';
const NODE_WITH_VM = 'test/deploy/node-with-vm.json';
/** What a system needs to boot with a libvirt that starts guests, and for README.md. */
const BOOTABLE = [
  'dbus',
  'libvirt-clients',
  'libvirt-daemon-driver-qemu',
  'libvirt-daemon-system',
  'nodejs',
  'npm',
  // libvirtd.service is reloaded by /bin/kill
  'procps',
  'qemu-system-x86',
  'sudo',
  'systemd-sysv',
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
installPackages(['buildah', 'mmdebstrap', 'procps', 'runc', 'systemd-container', 'tini', 'umoci']);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const { parseHostDescription, SimulatedKernel, writeTree } = await import('../dist/modules/test/simulator/index.js');
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-packages-'));
let [passed, failed] = [0, 0];
try {
  const words = ['scripts/build-packages.mjs', '--quick', '--output', work, 'all.deb', 'amd64.deb', 'npm.tgz'];
  const built = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n');
  const [forAll, selfContained, tarball] = built;
  testDebian([forAll, selfContained], tarball);
  testBooted([forAll, selfContained], tarball);
  testOtherInits(forAll);
  const image = ['scripts/build-image.mjs', '--output', work, '--package', selfContained];
  testImage(execFileSync(process.execPath, image, { encoding: 'utf8' }).trim());
  testImage(buildContainerfile(debianRoot(13, ['apt'], '-base'), selfContained, join(work, 'containerfile')));
} finally {
  rmSync(work, { recursive: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function testDebian(packages, tarball) {
  for (const release of RELEASES) {
    const root = debianRoot(release, ['nodejs', 'systemd', 'lintian']);
    for (const file of packages) {
      check(['scripts/packages/in-debian.sh', root, file, tarball, simulatedHost(SAMPLE_HOST)]);
      check(['chroot', root, 'lintian', '--allow-root', '--fail-on', 'error,warning', `/mnt/${copyInto(root, file)}`]);
    }
  }
}

function testBooted(packages, tarball) {
  for (const release of RELEASES) {
    const root = debianRoot(release, BOOTABLE, '-booted');
    for (const file of packages) checkProgram('test/packages/booted-package.ts', root, file, tarball);
    checkProgram('test/packages/from-readme.ts', root);
    checkProgram('test/packages/from-readme.ts', root, tarball);
  }
}

function testOtherInits(file) {
  const root = debianRoot(12, ['nodejs', 'openrc', 'runit'], '-inits');
  const host = simulatedHost(NODE_WITH_VM);
  const config = join(host, 'etc/hostdev-cpuset/config.json');
  mkdirSync(dirname(config), { recursive: true });
  copyFileSync('deploy/kubevirt/base/config.json', config);
  check(['tini', '--', 'scripts/packages/in-other-inits.sh', root, file, host]);
}

function testImage(archive) {
  const run = ['--import', 'tsx', 'test/deploy/run-image.ts', archive];
  count(spawnSync(process.execPath, run, { stdio: 'inherit' }));
}

/** @returns {string} a new directory with the host's /proc, /sys and /etc */
function simulatedHost(description) {
  const folder = mkdtempSync(join(work, 'host-'));
  const host = parseHostDescription(readFileSync(description, 'utf8'));
  writeTree(new SimulatedKernel(host), folder, { delivered: true });
  return folder;
}

/** Runs a command whose mounts and processes end with it. */
function check(words) {
  const stdio = ['ignore', 'inherit', 'inherit'];
  count(spawnSync('unshare', ['--mount', '--pid', '--fork', '--kill-child', ...words], { stdio }));
}

/** The same with a /proc of these processes. */
function checkProgram(file, ...words) {
  const node = [process.execPath, '--import', 'tsx', file, ...words];
  check(['sh', '-c', 'mount -t proc proc /proc && exec "$@"', 'sh', ...node]);
}

function count({ status }) {
  if (status === 0) passed++;
  else failed++;
}

function copyInto(root, file) {
  const name = file.slice(file.lastIndexOf('/') + 1);
  writeFileSync(join(root, 'mnt', name), readFileSync(file));
  return name;
}
