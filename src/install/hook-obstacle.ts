import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { selinuxDenial } from './hook-selinux.js';
import { hookFailure } from './hook-test-run.js';
import type { ManagedFile } from './managed-file.js';
import { mountOptions } from './mount-options.js';

/**
 * Why the hook must not be installed. Before libvirt runs a hook it checks the mode bits only. If the system then
 * refuses to run it, no guest starts, and a restart of libvirt's daemon kills the running ones.
 */
export interface Obstacle {
  /** one line, with what to do */
  reason: string;
  /** true: libvirt cannot run the hook; false: it is unknown whether it can */
  certain: boolean;
}

/** Whether libvirt runs this file itself; that file runs the hook's other files. */
export const isStartedByLibvirt = (path: string) => /\/(?:qemu\.d\/hostdev-cpuset|qemu)$/.test(path);

/**
 * The first reason to leave the hook out; undefined if libvirt can run it.
 * @param files all files of the hook
 * @param prefix a directory before every path; empty: this host
 * @param dryRun write nothing, so do not test the hook
 */
export function hookObstacle(files: readonly ManagedFile[], prefix: string, dryRun: boolean): Obstacle | undefined {
  // this machine's mounts and shell are not those of an image
  const isThisHost = prefix === '';
  for (const file of isThisHost ? files : []) {
    const failure = mountObstacle(file.path) ?? (dryRun ? undefined : hookFailure(file));
    if (failure) return { certain: true, reason: `libvirt could not run it: ${failure}, then run install again` };
  }
  for (const { path } of files.filter((file) => isStartedByLibvirt(file.path))) {
    const isNosuid = isThisHost && optionsAt(path).includes('nosuid');
    const { certain, what } = selinuxDenial(path, { prefix, isNosuid }) ?? {};
    if (certain === undefined) continue;
    const remedy = 'load the policy module (docs/installing.md, SELinux), then run install again';
    return certain
      ? { certain, reason: `libvirt could not run it: SELinux refuses ${what}; ${remedy}` }
      : { certain, reason: `it is unknown whether SELinux lets libvirt run it: ${what}; ${remedy}` };
  }
  return undefined;
}

function mountObstacle(path: string): string | undefined {
  if (!optionsAt(path).includes('noexec')) return undefined;
  return `${existingDirectory(path)} is on a file system mounted noexec; remount it with exec`;
}

const optionsAt = (path: string) => mountOptions(realpathSync(existingDirectory(path)));

/** The directory of a file, or the nearest parent that exists. */
function existingDirectory(path: string): string {
  const directory = dirname(path);
  return existsSync(directory) ? directory : existingDirectory(directory);
}
