import { createHash } from 'node:crypto';
import { fchmodSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { geteuid } from 'node:process';
import { writeAtomically } from '../lib/atomic-write.js';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { readRegular } from '../lib/regular-file.js';
import type { Walked } from '../lib/walk.js';
import { atPath } from './prefix.js';

/** A file that install writes and uninstall removes. */
export interface ManagedFile {
  /** without the prefix */
  path: string;
  /** 0o644 or 0o755 */
  mode: number;
  text: string;
}

export interface Outcome {
  path: string;
  done: 'created' | 'updated' | 'unchanged' | 'removed' | 'left alone' | 'left out';
  /** why it was left alone or left out */
  reason?: string;
  /** it was left alone because install did not write it */
  isForeign?: true;
}

export interface FileOptions {
  /** a directory before every path; empty: this host */
  prefix: string;
  /** report what would be done, and change nothing */
  dryRun: boolean;
  /** also overwrite or remove our files if they were modified */
  force: boolean;
  /** write our file again even if it is up to date */
  rewrite?: boolean;
}

/** Who wrote a file. `modified`: install wrote it, and it was changed since. */
export type Ownership = 'ours' | 'modified' | 'foreign';

/** Start of a file's name until the file is complete. */
export const TEMPORARY_PREFIX = '.hostdev-cpuset-';

const HEADER = /^# Written by hostdev-cpuset install; as it was then: sha256 ([0-9a-f]{64})$/;

/** The text with a header line that contains its checksum: the first line, or the second after `#!`. */
export function withHeader(text: string): string {
  const header = `# Written by hostdev-cpuset install; as it was then: sha256 ${sha256(text)}\n`;
  if (!text.startsWith('#!')) return header + text;
  const end = text.indexOf('\n') + 1;
  return text.slice(0, end) + header + text.slice(end);
}

export function ownershipOf(text: string): Ownership {
  const lines = text.split('\n');
  const index = lines.slice(0, 2).findIndex((line) => HEADER.test(line));
  if (index < 0) return 'foreign';
  const [header] = lines.splice(index, 1);
  return HEADER.exec(header as string)?.[1] === sha256(lines.join('\n')) ? 'ours' : 'modified';
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Writes a file, unless a foreign or modified file exists.
 * @throws the system's error
 */
export function writeManagedFile({ path, mode, text }: ManagedFile, options: FileOptions): Outcome {
  const { prefix, dryRun, force, rewrite = false } = options;
  const wanted = withHeader(text);
  const existing = existingFile(path, prefix);
  const reason = reasonToLeave(existing, force);
  if (reason) return { path, done: 'left alone', reason };
  const isRight = existing?.text === wanted && existing.mode === mode && existing.isOwn;
  if (isRight && !rewrite) return { path, done: 'unchanged' };
  if (!dryRun) replace(path, prefix, wanted, mode);
  return { path, done: existing ? 'updated' : 'created' };
}

/** Undefined if the file does not exist. Directories for our files only are removed, too, if they are empty then. */
export function removeManagedFile(path: string, { prefix, dryRun, force }: FileOptions): Outcome | undefined {
  const existing = existingFile(path, prefix);
  if (!existing) return undefined;
  const reason = reasonToLeave(existing, force);
  const isForeign = existing.text === undefined || ownershipOf(existing.text) === 'foreign';
  if (reason) return { path, done: 'left alone', reason, ...(isForeign ? { isForeign: true as const } : {}) };
  if (!dryRun) {
    atPath(path, prefix, ({ folder, name }) => folder.in(name, unlinkSync));
    removeEmptyDirectories(dirname(path), prefix);
  }
  return { path, done: 'removed' };
}

/**
 * Whether install wrote the file at a path, even if it was modified since.
 * @throws the system's error
 */
export function isManaged(path: string, prefix: string): boolean {
  const { text } = existingFile(path, prefix) ?? {};
  return text !== undefined && ownershipOf(text) !== 'foreign';
}

/** Our directories, and drop-in directories that exist only for the files in them. */
const REMOVABLE_DIRECTORIES = /\/(?:hostdev-cpuset|irqbalance\.d|irqbalance\.service\.d|qemu\.d)$/;

export function removeEmptyDirectories(directory: string, prefix: string): void {
  if (!REMOVABLE_DIRECTORIES.test(directory)) return;
  try {
    atPath(directory, prefix, ({ folder, name }) => folder.in(name, rmdirSync));
  } catch {
    return; // not empty, or absent
  }
  removeEmptyDirectories(dirname(directory), prefix);
}

interface ExistingFile {
  /** undefined if it is not a regular file */
  text?: string;
  mode: number;
  /** true: this user owns it; another owner could change it at any time */
  isOwn: boolean;
}

function existingFile(path: string, prefix: string): ExistingFile | undefined {
  try {
    return atPath(path, prefix, ({ folder, name }) => folder.in(name, readExisting));
  } catch (error) {
    if (isAbsent(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Does not follow a link or open a FIFO. */
function readExisting(path: string): ExistingFile {
  if (!lstatSync(path).isFile()) return { mode: 0, isOwn: false };
  const { text, stat } = readRegular(path);
  return { mode: stat.mode & 0o777, isOwn: stat.uid === geteuid?.(), text };
}

function reasonToLeave(existing: ExistingFile | undefined, force: boolean): string | undefined {
  if (!existing) return undefined;
  if (existing.text === undefined) return 'it is not a regular file';
  const ownership = ownershipOf(existing.text);
  if (ownership === 'foreign') return 'it was not written by install';
  return ownership === 'modified' && !force ? 'it was modified since install wrote it (use --force)' : undefined;
}

/** Writes a file atomically. libvirt runs any executable in its hook directory, so the mode is set last. */
function replace(path: string, prefix: string, text: string, mode: number): void {
  const afterRename = (fd: number) => fchmodSync(fd, mode);
  const write = ({ folder, name }: Walked) =>
    writeAtomically(folder, name, text, { temporaryPrefix: TEMPORARY_PREFIX, mode: 0o600, afterRename });
  try {
    atPath(path, prefix, write, 0o777);
  } catch (error) {
    // Node does not name the file if the file system is full
    if (error instanceof Error && !error.message.includes('/')) error.message += ` '${prefix}${path}'`;
    throw error;
  }
}
