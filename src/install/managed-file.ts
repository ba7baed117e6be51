import { fchmodSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { geteuid } from 'node:process';
import { writeAtomically } from '../lib/atomic-write.js';
import { using } from '../lib/open-folder.js';
import { readRegular } from '../lib/regular-file.js';
import { type Walked, walk } from '../lib/walk.js';
import { marked, ownershipOf } from './marked-file.js';

/** A file that is put on a host. */
export interface ManagedFile {
  /** as the host sees it: without a prefix */
  path: string;
  /** 0o644 or 0o755 */
  mode: number;
  text: string;
}

export interface Outcome {
  path: string;
  done: 'created' | 'updated' | 'unchanged' | 'removed' | 'left alone' | 'left out';
  /** why it was left */
  reason?: string;
}

export interface PutOptions {
  /** a folder before every path; empty: this host */
  prefix: string;
  /** says what would be done, and does nothing */
  dryRun: boolean;
  /** takes a file of ours that somebody has changed, too */
  force: boolean;
}

/**
 * Ours that was never changed is replaced; what is somebody else's is never touched. Throws what the system answers
 * with.
 */
export function putManagedFile({ path, mode, text }: ManagedFile, { prefix, dryRun, force }: PutOptions): Outcome {
  const wanted = marked(text);
  const found = look(path, prefix);
  const reason = reasonToLeave(found, force);
  if (reason) return { path, done: 'left alone', reason };
  if (found?.text === wanted && found.mode === mode && found.isOwn) return { path, done: 'unchanged' };
  if (!dryRun) replace(path, prefix, wanted, mode);
  return { path, done: found ? 'updated' : 'created' };
}

/** Undefined where there is none. Folders that become empty go with it, but for those that a host has anyway. */
export function removeManagedFile(path: string, { prefix, dryRun, force }: PutOptions): Outcome | undefined {
  const found = look(path, prefix);
  if (!found) return undefined;
  const reason = reasonToLeave(found, force);
  if (reason) return { path, done: 'left alone', reason };
  if (!dryRun) {
    at(path, prefix, ({ folder, name }) => folder.in(name, unlinkSync));
    removeEmptyFolders(dirname(path), prefix);
  }
  return { path, done: 'removed' };
}

/** Folders of ours, and those that others have only for what is put into them. */
const OWN_FOLDERS = /\/(?:hostdev-cpuset|irqbalance\.d|irqbalance\.service\.d|qemu\.d)$/;

export function removeEmptyFolders(folder: string, prefix: string): void {
  if (!OWN_FOLDERS.test(folder)) return;
  try {
    at(folder, prefix, (place) => place.folder.in(place.name, rmdirSync));
  } catch {
    return; // not empty, or not there
  }
  removeEmptyFolders(dirname(folder), prefix);
}

interface Found {
  /** undefined for what is no regular file */
  text?: string;
  mode: number;
  /** another owner could change it at any time */
  isOwn: boolean;
}

function look(path: string, prefix: string): Found | undefined {
  try {
    return at(path, prefix, ({ folder, name }) => folder.in(name, lookAt));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A link is not followed, and a FIFO not waited for. */
function lookAt(path: string): Found {
  if (!lstatSync(path).isFile()) return { mode: 0, isOwn: false };
  const { text, stat } = readRegular(path);
  return { mode: stat.mode & 0o777, isOwn: stat.uid === geteuid?.(), text };
}

function reasonToLeave(found: Found | undefined, force: boolean): string | undefined {
  if (!found) return undefined;
  if (found.text === undefined) return 'it is no regular file';
  const ownership = ownershipOf(found.text);
  if (ownership === 'foreign') return 'it was not written by install';
  return ownership === 'changed' && !force
    ? 'it was changed since install wrote it: --force takes it all the same'
    : undefined;
}

/** A new file takes its name. libvirt runs whatever is executable in its folder, so it becomes so last. */
function replace(path: string, prefix: string, text: string, mode: number): void {
  const become = (fd: number) => fchmodSync(fd, mode);
  const put = ({ folder, name }: Walked) =>
    writeAtomically(folder, name, text, { temporaryPrefix: '.hostdev-cpuset-', mode: 0o600, afterRename: become });
  at(path, prefix, put, 0o777);
}

/**
 * Does something at a path below a prefix. Links on the way lead to what is below the prefix, as they do when that is
 * the root: an image may have been made by anybody. @param makeMode of folders that are made
 */
export function at<T>(path: string, prefix: string, action: (place: Walked) => T, makeMode?: number): T {
  const place = walk(path, { root: prefix || '/', makeMode });
  return using(place.folder, () => action(place));
}
