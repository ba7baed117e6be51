import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture } from './architecture.js';
import { unpackPackage } from './cache.js';
import { readKernel } from './kernels.js';
import { uncompressed } from './vmlinux.js';

/** Modules that the emulated host needs to mount its /usr, from which it loads the others. */
const MODULES = [
  'virtio_pci',
  '9pnet_virtio',
  '9p',
  'overlay',
  'vfio_iommu_type1',
  'vfio_pci',
  'e1000e',
  'e1000',
  'nvme',
];
/** A module that a scene loads; built into the kernels of other architectures. */
const LATER = 'kvm';
const APPLETS = ['sh', 'cat', 'insmod', 'ln', 'mkdir', 'mount', 'poweroff', 'switch_root'];

/**
 * Fills `folder` with the files that QEMU boots: `vmlinux` and `initramfs` of a kernel package, with the required
 * modules and `init`. Beside them is `kvm.ko`, if the kernel has it as a module, which needs no other modules than
 * these.
 * @param root with the host's busybox
 * @param init path of the shell script that becomes /init
 */
export function fillBootFolder(
  folder: string,
  {
    kernelPackage,
    architecture,
    root,
    init,
  }: { kernelPackage: string; architecture: Architecture; root: string; init: string },
): void {
  const unpacked = join(folder, 'unpacked');
  const tree = join(folder, 'tree');
  unpackPackage(kernelPackage, unpacked, architecture);
  const { image, modules } = readKernel(unpacked, MODULES);
  for (const name of ['bin', 'dev', 'newroot', 'proc', 'sys']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(join(root, 'bin/busybox'), join(tree, 'bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', join(tree, 'bin', name));
  copyFileSync(init, join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  for (const path of modules) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    copyFileSync(join(unpacked, path), join(tree, path));
  }
  writeFileSync(join(tree, 'modules'), modules.map((path) => `/${path}\n`).join(''));
  const later = readKernel(unpacked, [LATER]).modules.at(-1);
  if (later !== undefined) copyFileSync(join(unpacked, later), join(folder, `${LATER}.ko`));
  writeArchive(tree, join(folder, 'initramfs'));
  const packed = readFileSync(image);
  writeFileSync(join(folder, 'vmlinux'), architecture === 'amd64' ? uncompressed(packed) : packed);
  for (const leftover of [unpacked, tree]) rmSync(leftover, { recursive: true });
}

function writeArchive(tree: string, file: string): void {
  const names = execFileSync('find', ['.', '-print0'], { cwd: tree });
  const output = openSync(file, 'w');
  try {
    const cpio = ['--null', '--create', '--format=newc', '--owner=0:0', '--quiet'];
    execFileSync('cpio', cpio, { cwd: tree, input: names, stdio: ['pipe', output, 'inherit'] });
  } finally {
    closeSync(output);
  }
}
