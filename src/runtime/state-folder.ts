import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';

/** The runtime directory, below the root. */
export const STATE_FOLDER = 'run/hostdev-cpuset';

interface OwnFolderOptions {
  /** create it if it is missing, and remove other users' permissions */
  make?: boolean;
}

/**
 * Opens the runtime directory below a root ('' for this host). Users who can write to /run, or below the root, may have
 * put another file in its place. Links on the path are resolved below the root. The caller closes it.
 * @throws FileError if it is a link or a file (ENOTDIR), or another user's (EPERM); otherwise the system's error
 */
export function openStateFolder(root: string, { make = false }: OwnFolderOptions = {}): OpenFolder {
  if (make && root !== '' && !existsSync(root)) mkdirSync(root, { recursive: true });
  const { folder, name } = walk(STATE_FOLDER, { root: root || '/', makeMode: make ? 0o755 : undefined });
  return using(folder, () => openOwnFolder(folder, name, { make }));
}

/** The same for a directory inside an open one. */
export function openOwnFolder(parent: OpenFolder, name: string, { make = false }: OwnFolderOptions = {}): OpenFolder {
  if (make) makeFolder(parent, name);
  const folder = enter(parent, name);
  try {
    const { mode, uid } = folder.stat();
    if (uid !== geteuid?.()) throw new FileError('EPERM', folder.path);
    if (make && (mode & 0o777) !== 0o700) folder.in('.', (path) => chmodSync(path, 0o700));
    return folder;
  } catch (error) {
    folder.close();
    throw error;
  }
}

function makeFolder(parent: OpenFolder, name: string): void {
  try {
    parent.in(name, (path) => mkdirSync(path, { mode: 0o700 }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function enter(parent: OpenFolder, name: string): OpenFolder {
  try {
    return parent.enter(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOTDIR' ? new FileError(code, join(parent.path, name)) : error;
  }
}
