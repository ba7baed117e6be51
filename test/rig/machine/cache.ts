import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/cli.js';

/**
 * Downloaded and extracted files: kernels, irqbalance, libvirt's capabilities of QEMU. The cache may be removed at any
 * time.
 */
const CACHE = join(projectRoot, '.cache/rig');

/** A directory in the cache, created by `fill` if it is missing. It appears completely or not at all. */
export function cached(name: string, fill: (folder: string) => void): string {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(join(CACHE, 'partial-'));
  try {
    fill(partial);
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Removes entries that the current run does not use: older kernels, other initramfs images. */
export function keepOnly(folders: readonly string[]): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (!folders.includes(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Downloads a Debian package and extracts it into `folder`. It is never installed, and none of its scripts runs. */
export function unpackPackage(name: string, folder: string): void {
  const download = mkdtempSync(join(CACHE, 'partial-'));
  const aptGet = (words: string[]) =>
    execFileSync('apt-get', words, { cwd: download, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    try {
      aptGet(['download', '-q', name]);
    } catch {
      // Outdated package lists may name versions that the mirror no longer has.
      aptGet(['update', '-q']);
      aptGet(['download', '-q', name]);
    }
    const [file] = readdirSync(download);
    execFileSync('dpkg-deb', ['--extract', join(download, file as string), folder]);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}
