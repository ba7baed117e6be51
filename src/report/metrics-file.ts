import { fchmodSync, lstatSync, unlinkSync } from 'node:fs';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { ToolError } from '../lib/errors.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { openTrustedPath } from '../lib/trusted-path.js';
import { formatMetrics, type Sample } from './metrics.js';

/**
 * Replaces the file atomically, readable by all: node_exporter's collector is another user, and the folder may be
 * theirs.
 * @throws FileError; a ToolError if another kind of file has this name; an Error if somebody else has put a link in the
 *   way
 */
export function writeMetrics(path: string, sample: Sample): void {
  inFolder(path, (folder, name) => {
    const temporaryPrefix = '.hostdev-cpuset-';
    const readableByAll = (fd: number) => fchmodSync(fd, 0o644);
    writeAtomically(folder, name, formatMetrics(sample), { temporaryPrefix, mode: 0o600, prepare: readableByAll });
  });
}

/** Removes the file; there may be none. @throws as writeMetrics() */
export function removeMetrics(path: string): void {
  inFolder(path, (folder, name) => {
    // a read-only file system refuses to remove even a file that does not exist
    if (lstatSync(folder.at(name), { throwIfNoEntry: false })) folder.in(name, unlinkSync);
  });
}

function inFolder(path: string, action: (folder: OpenFolder, name: string) => void): void {
  try {
    const { folder, name, checkLinks } = openTrustedPath(path);
    using(folder, () => {
      checkLinks(folder.stat().uid);
      // such as /dev/null, which would be replaced for all programs, and removed at the end
      const stat = lstatSync(folder.at(name), { throwIfNoEntry: false });
      if (stat && !stat.isFile() && !stat.isSymbolicLink()) throw new ToolError(`${path}: it is not a regular file`);
      action(folder, name);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Node does not name the file if the disk is full
    throw code === undefined ? error : new FileError(code, path);
  }
}
