// npm run test:packages: builds the Debian packages and installs, uses, updates, removes and purges them in Debian 12 and
// 13, and checks them with the lintian of both; runs the watcher by OpenRC and by runit; builds the container image, and
// runs it. As root, on Debian: mmdebstrap makes the systems, once.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEBIAN_MIRROR, installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';

const RELEASES = { 12: 'bookworm', 13: 'trixie' };
const ROOTS = 'node_modules/.cache/hostdev-cpuset';
const SAMPLE_HOST = 'samples/hosts/workstation.json';
const NODE_WITH_VM = 'test/deploy/node-with-vm.json';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
installPackages(['mmdebstrap', 'procps', 'runc', 'tini', 'umoci']);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const { parseHostDescription, SimulatedKernel, writeTree } = await import('../dist/modules/test/simulator/index.js');
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-packages-'));
let [passed, failed] = [0, 0];
try {
  const words = ['scripts/build-packages.mjs', '--quick', '--output', work, 'all.deb', 'amd64.deb'];
  const packages = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n');
  testDebian(packages);
  const [forAll, selfContained] = packages;
  testOtherInits(forAll);
  testImage(selfContained);
} finally {
  rmSync(work, { recursive: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function testDebian(packages) {
  for (const release of Object.keys(RELEASES)) {
    const root = debianRoot(release, ['nodejs', 'systemd', 'lintian']);
    for (const file of packages) {
      check(['scripts/packages/in-debian.sh', root, file, simulatedHost(SAMPLE_HOST)]);
      check(['chroot', root, 'lintian', '--allow-root', '--fail-on', 'error,warning', `/mnt/${copyInto(root, file)}`]);
    }
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

function testImage(file) {
  const words = ['scripts/build-image.mjs', '--output', work, '--package', file];
  const archive = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim();
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
  count(spawnSync('unshare', ['--mount', '--pid', '--fork', ...words], { stdio }));
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

/** @returns {string} the root of a Debian system with these packages, in which no service starts by itself */
function debianRoot(release, packages, suffix = '') {
  const root = resolve(ROOTS, `debian-${release}${suffix}`);
  if (existsSync(root)) return root;
  console.log(`making Debian ${release} with mmdebstrap`);
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(ROOTS, { recursive: true });
  const words = ['--quiet', '--mode=root', '--variant=minbase', `--include=${packages}`, RELEASES[release], unfinished];
  execFileSync('mmdebstrap', [...words, DEBIAN_MIRROR], { stdio: ['ignore', 'ignore', 'inherit'] });
  const forbid = { mode: 0o755 };
  writeFileSync(join(unfinished, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', forbid);
  renameSync(unfinished, root);
  return root;
}
