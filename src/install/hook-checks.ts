import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { selinuxRefusal } from './hook-selinux.js';
import { hookFailure } from './hook-trial.js';
import type { ManagedFile } from './managed-file.js';
import { mountOptions } from './mount-options.js';

/**
 * Why the hook must not be put in place. libvirt looks at the mode bits alone before it starts a hook. Where the system then
 * refuses, it starts no guest, and kills the running ones when its daemon is restarted.
 */
export interface Obstacle {
  /** one line, with what to do */
  reason: string;
  /** it was seen that libvirt cannot run the hook; else it could not be seen that it can */
  certain: boolean;
}

/** libvirt itself starts it; other files of the hook are for that one to run. */
export const isStartedByLibvirt = (path: string) => path.startsWith('/etc/libvirt/hooks/');

/**
 * The first reason to leave the hook out; undefined where libvirt can run it.
 * @param files all of the hook
 * @param prefix a folder before every path; empty: this host
 * @param dryRun nothing is written, so the hook is not tried
 */
export function hookObstacle(files: readonly ManagedFile[], prefix: string, dryRun: boolean): Obstacle | undefined {
  // the mounts and the shell of this machine say nothing about an image
  const here = prefix === '';
  for (const file of here ? files : []) {
    const failure = mountRefusal(file.path) ?? (dryRun ? undefined : hookFailure(file));
    if (failure) return { certain: true, reason: `libvirt could not run it: ${failure}, then run install again` };
  }
  for (const { path } of files.filter((file) => isStartedByLibvirt(file.path))) {
    const isNosuid = here && optionsAt(path).includes('nosuid');
    const { certain, what } = selinuxRefusal(path, { prefix, isNosuid }) ?? {};
    if (certain === undefined) continue;
    const remedy = 'load the policy module (docs/installing.md, SELinux), then run install again';
    return certain
      ? { certain, reason: `libvirt could not run it: SELinux refuses ${what}; ${remedy}` }
      : { certain, reason: `whether SELinux lets libvirt run it cannot be seen: ${what}; ${remedy}` };
  }
  return undefined;
}

function mountRefusal(path: string): string | undefined {
  if (!optionsAt(path).includes('noexec')) return undefined;
  return `${existingFolder(path)} is on a file system that is mounted noexec; mount it with exec`;
}

const optionsAt = (path: string) => mountOptions(realpathSync(existingFolder(path)));

/** The folder that a file is to be in, or the nearest above it that exists. */
function existingFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? folder : existingFolder(folder);
}
