import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
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
  done: 'created' | 'updated' | 'unchanged' | 'removed' | 'left alone';
  /** why it was left alone */
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

/** Ours that was never changed is replaced; what is somebody else's is never touched. Throws what the system answers with. */
export function putManagedFile({ path, mode, text }: ManagedFile, { prefix, dryRun, force }: PutOptions): Outcome {
  const target = join(prefix || '/', path);
  const wanted = marked(text);
  const found = look(target);
  const reason = reasonToLeave(found, force);
  if (reason) return { path, done: 'left alone', reason };
  if (found?.text === wanted && found.mode === mode && found.isOwn) return { path, done: 'unchanged' };
  if (!dryRun) replace(target, wanted, mode);
  return { path, done: found ? 'updated' : 'created' };
}

/** Undefined where there is none. Folders that become empty go with it, but for those that a host has anyway. */
export function removeManagedFile(path: string, { prefix, dryRun, force }: PutOptions): Outcome | undefined {
  const target = join(prefix || '/', path);
  const found = look(target);
  if (!found) return undefined;
  const reason = reasonToLeave(found, force);
  if (reason) return { path, done: 'left alone', reason };
  if (!dryRun) {
    rmSync(target);
    removeEmptyFolders(dirname(path), prefix);
  }
  return { path, done: 'removed' };
}

/** Folders of ours, and those that others have only for what is put into them. */
const OWN_FOLDERS = /\/(?:hostdev-cpuset|irqbalance\.d|irqbalance\.service\.d|qemu\.d)$/;

export function removeEmptyFolders(folder: string, prefix: string): void {
  if (!OWN_FOLDERS.test(folder)) return;
  try {
    rmdirSync(join(prefix || '/', folder));
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

function look(target: string): Found | undefined {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const common = { mode: stat.mode & 0o777, isOwn: stat.uid === statSync('/proc/self').uid };
  return { ...common, ...(stat.isFile() ? { text: readFileSync(target, 'utf8') } : {}) };
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
function replace(target: string, text: string, mode: number): void {
  mkdirSync(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.hostdev-cpuset-${Math.random().toString(36).slice(2)}`);
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, target);
    chmodSync(target, mode);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
