import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ToolError } from '../../lib/errors.js';
import { reason } from './read-input.js';

/**
 * Writes a file whole or not at all, whether it is there already or not; a new one is for everybody to read that the umask lets. Into a device
 * or a pipe it is just written, as a shell would.
 * @throws ToolError where that fails
 */
export function putFile(path: string, text: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })) {
      if (statSync(path).isFile()) replaceFile(path, readFileSync(path, 'utf8'), text);
      else writeFileSync(path, text);
      return;
    }
    const temporary = join(dirname(path), `.hostdev-cpuset-${Math.random().toString(36).slice(2)}`);
    try {
      writeFileSync(temporary, text, { flag: 'wx', flush: true });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(`${path}: cannot be written: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

/**
 * Gives a file new content whole or not at all: a new file beside it, with its mode, owner, ACL and extended attributes, takes its name. A symbolic link stays one.
 * A file that has this content already is not touched, and one that somebody else has changed since it was read stays theirs.
 * @param before what was read
 * @throws ToolError where that fails; the file is then as it was
 */
export function replaceFile(path: string, before: string, text: string): void {
  try {
    const target = realpathSync(path);
    const stat = statSync(target);
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (before === text) return;
    const temporary = join(dirname(target), `.hostdev-cpuset-${Math.random().toString(36).slice(2)}`);
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      try {
        writeFileSync(fd, text);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      copyAttributes(target, temporary, stat);
      if (readFileSync(target, 'utf8') !== before) throw new Error('it was changed meanwhile');
      renameSync(temporary, target);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  } catch (error) {
    throw new ToolError(`${path}: cannot be replaced: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

/**
 * Owner and mode; and what Node has no call for, where cp is GNU's: the ACL and the extended attributes. The mode alone would be wrong:
 * of a file with an ACL its group bits are the mask, and say what somebody else may do.
 */
function copyAttributes(from: string, to: string, { uid, gid, mode }: Stats): void {
  chownSync(to, uid, gid);
  const { status } = spawnSync('cp', ['--attributes-only', '--preserve=all', '--', from, to], { stdio: 'ignore' });
  if (status !== 0) chmodSync(to, mode);
  // The time of change is its own.
  else utimesSync(to, new Date(), new Date());
}
