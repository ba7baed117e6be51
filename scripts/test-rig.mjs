// npm run test:rig: runs the scenarios of test/rig/ on an emulated host with VFIO devices and a real libvirtd.
// Needs root on Debian. Elsewhere it skips them and prints the reason.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';
import { fetchNode, RELEASES } from './program-releases.mjs';

/** Packages for this machine. The emulated host's kernels and irqbalance are only unpacked: see test/rig/machine/. */
const PACKAGES = [
  'busybox-static',
  'cpio',
  'libvirt-clients',
  'libvirt-daemon-driver-qemu',
  'libvirt-daemon-system',
  'libxml2-utils',
  'qemu-system-x86',
  'runc',
  'systemd',
  'util-linux',
  'xz-utils',
  'zstd',
];

/** To emulate another architecture, whose programs are unpacked. */
const EMULATION_PACKAGES = ['mmdebstrap', 'qemu-system-arm'];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
const require = createRequire(import.meta.url);
require('tsx/cjs');
const { sceneTitles } = require('../test/rig/machine/bundle.ts');
const reason = unfit();
if (reason) {
  console.log(`skipped: the rig needs ${reason}`);
  console.log(`0 passed, 0 failed, ${sceneTitles('amd64').length} skipped`);
} else {
  const { RequestError, requestOf } = require('../test/rig/machine/request.ts');
  const { testRig } = require('../test/rig/machine/test-rig.ts');
  try {
    const request = requestOf(process.argv.slice(2));
    installPackages([...PACKAGES, ...(request.architecture === 'amd64' ? [] : EMULATION_PACKAGES)]);
    const node = () => join(fetchNode(RELEASES.private, request.architecture), 'bin/node');
    process.exitCode = await testRig(request, build, node);
  } catch (error) {
    console.error(error instanceof RequestError ? error.message : error);
    process.exitCode = 1;
  }
}

async function build() {
  const [code] = await once(spawn(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error('the build failed');
}

/** The requirement that this machine does not meet, if any. */
function unfit() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'Linux on x86-64';
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get')) return 'Debian, for its kernel package';
  return process.getuid() === 0 ? undefined : 'root, to install packages and to show /usr to the emulated host';
}
