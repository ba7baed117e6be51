import { execFileSync, type StdioOptions } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/cli.js';
import { ARCHITECTURES, type Architecture } from './architecture.js';

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

/**
 * Removes entries of an architecture that the current run does not use: older kernels, other initramfs images. Their
 * names contain that of the architecture if it is not this machine's.
 */
export function keepOnly(folders: readonly string[], architecture: Architecture): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const owner = ARCHITECTURES.find((one) => name.includes(one)) ?? ARCHITECTURES[0];
    if (owner === architecture && !folders.includes(path)) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Options of apt for an architecture: this machine's sources, but package lists of the cache if the architecture is
 * not this machine's.
 */
export function aptOptions(architecture: Architecture): string[] {
  if (architecture === ARCHITECTURES[0]) return [];
  const state = cached(`apt-${architecture}`, (folder) => {
    for (const name of ['lists', 'archives']) mkdirSync(join(folder, name, 'partial'), { recursive: true });
    writeFileSync(join(folder, 'status'), '');
  });
  const settings = {
    ...{ 'APT::Architecture': architecture, 'APT::Architectures': architecture },
    ...{ 'Dir::State': state, 'Dir::State::lists': join(state, 'lists') },
    ...{ 'Dir::State::status': join(state, 'status'), 'Dir::Cache': state },
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** Entries that every run for an architecture uses, if that is not this machine's. */
export const foreignEntries = (architecture: Architecture): string[] =>
  ['apt', 'root'].map((name) => join(CACHE, `${name}-${architecture}`));

/** Downloads a Debian package and extracts it into `folder`. It is never installed, and none of its scripts runs. */
export function unpackPackage(name: string, folder: string, architecture: Architecture = ARCHITECTURES[0]): void {
  const download = mkdtempSync(join(CACHE, 'partial-'));
  const aptGet = (words: string[]) => {
    const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
    execFileSync('apt-get', [...aptOptions(architecture), ...words], { cwd: download, stdio });
  };
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
