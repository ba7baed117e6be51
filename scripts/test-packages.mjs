// npm run test:packages: builds the Debian packages and installs, uses, updates, removes and purges them in Debian 12 and
// 13, and checks them with the lintian of both; builds the container image, and runs it. As root, on Debian: debootstrap
// makes the systems, once.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';

const RELEASES = { 12: 'bookworm', 13: 'trixie' };
const ROOTS = 'node_modules/.cache/hostdev-cpuset';
const SAMPLE_HOST = 'samples/hosts/workstation.json';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
installPackages(['debootstrap', 'runc', 'umoci']);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const { parseHostDescription, SimulatedKernel, writeTree } = await import('../dist/modules/test/simulator/index.js');
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-packages-'));
let [passed, failed] = [0, 0];
try {
  const words = ['scripts/build-packages.mjs', '--quick', '--output', work, 'all.deb', 'amd64.deb'];
  const packages = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n');
  for (const release of Object.keys(RELEASES)) {
    const root = debianRoot(release);
    for (const file of packages) {
      const host = join(work, `host-${release}-${passed + failed}`);
      writeTree(new SimulatedKernel(parseHostDescription(readFileSync(SAMPLE_HOST, 'utf8'))), host, {
        delivered: true,
      });
      check(['scripts/packages/in-debian.sh', root, file, host]);
      check(['chroot', root, 'lintian', '--allow-root', '--fail-on', 'error,warning', `/mnt/${copyInto(root, file)}`]);
    }
  }
  const selfContained = packages.find((file) => file.endsWith('amd64.deb'));
  const image = ['scripts/build-image.mjs', '--output', work, '--package', selfContained];
  const archive = execFileSync(process.execPath, image, { encoding: 'utf8' }).trim();
  count(spawnSync(process.execPath, ['scripts/packages/in-container.mjs', archive], { stdio: 'inherit' }));
} finally {
  rmSync(work, { recursive: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Its mounts and processes end with it. */
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

/** A Debian system with Node, systemd and lintian, in which no service starts. */
function debianRoot(release) {
  const root = resolve(ROOTS, `debian-${release}`);
  if (existsSync(root)) return root;
  console.log(`making Debian ${release} with debootstrap`);
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(ROOTS, { recursive: true });
  const words = ['--variant=minbase', '--include=nodejs,systemd,lintian', RELEASES[release], unfinished];
  execFileSync('debootstrap', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const forbid = { mode: 0o755 };
  writeFileSync(join(unfinished, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', forbid);
  renameSync(unfinished, root);
  return root;
}
