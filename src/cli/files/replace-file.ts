import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { type AtomicWriteOptions, writeAtomically } from '../../lib/atomic-write.js';
import { ToolError } from '../../lib/errors.js';
import { descriptorPath, descriptorsHavePaths, type OpenFolder, using } from '../../lib/open-folder.js';
import { pause } from '../../lib/pause.js';
import { type OpenRegularFile, openRegular } from '../../lib/regular-file.js';
import { openTrustedPath } from '../../lib/trusted-path.js';
import { reason } from './read-input.js';

const { O_NOCTTY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = constants;
/** Called between two steps of a write: a test acts there as another process. */
type Steps = Pick<AtomicWriteOptions, 'prepare' | 'beforeRename'>;

/** Whose temporary file it is, should it be left in a user's folder. */
const temporaryPrefix = '.hostdev-cpuset-';

/**
 * Writes a file whole or not at all, whether it is there already or not; a new one is for everybody to read that the
 * umask lets. Into a device or a pipe it is just written, as a shell would. A link is not followed: who can write to
 * the folder would choose which file is replaced.
 * @param maxWaitMs for a pipe that nobody reads
 * @throws ToolError where that fails
 */
export function putFile(
  path: string,
  text: string,
  { maxWaitMs = 10_000, ...steps }: Steps & { maxWaitMs?: number } = {},
): void {
  orToolError(`${path}: cannot be written`, () => {
    const { folder, name, checkLinks } = openTrustedPath(path);
    using(folder, () => {
      checkLinks(folder.stat().uid);
      const stat = lstatSync(folder.at(name), { throwIfNoEntry: false });
      if (!stat) return writeAtomically(folder, name, text, { ...steps, temporaryPrefix, mode: 0o666, flush: true });
      if (stat.isSymbolicLink())
        throw new Error('it is a symbolic link: name the file that it leads to (- is standard output)');
      if (!stat.isFile()) return writeInto(folder, name, text, maxWaitMs);
      withFile(folder, name, (file) => replace(folder, name, file, text, steps));
    });
  });
}

/**
 * Gives a file new content whole or not at all: a new file beside it, with its mode, owner, ACL and extended
 * attributes, takes its name. A symbolic link stays one, and the file that it leads to is replaced; not where the link
 * is another user's, unless that user owns this file. A file that has this content already is not touched, and one that
 * somebody else has changed since it was read stays theirs.
 * @param before what was read
 * @throws ToolError where that fails; the file is then as it was
 */
export function replaceFile(path: string, before: string, text: string, steps: Steps = {}): void {
  orToolError(`${path}: cannot be replaced`, () => {
    const { folder, name, checkLinks } = openTrustedPath(path, true);
    using(folder, () =>
      withFile(folder, name, (file) => {
        checkLinks(file.stat.uid);
        if (before === text) return;
        const beforeRename = () => {
          steps.beforeRename?.();
          if (!isAt(folder, name, file) || readFileSync(file.fd, 'utf8') !== before)
            throw new Error('it was changed meanwhile');
        };
        replace(folder, name, file, text, { ...steps, beforeRename });
      }),
    );
  });
}

/**
 * A new file with the attributes of an open one takes a name. Both are only touched by their descriptors: the folder
 * may be anybody's.
 */
function replace(
  folder: OpenFolder,
  name: string,
  { fd: from, stat }: OpenRegularFile,
  text: string,
  steps: Steps,
): void {
  writeAtomically(folder, name, text, {
    ...steps,
    temporaryPrefix,
    mode: 0o600,
    flush: true,
    prepare: (fd) => {
      steps.prepare?.(fd);
      copyAttributes(from, fd, stat);
    },
  });
}

function withFile(folder: OpenFolder, name: string, action: (file: OpenRegularFile) => void): void {
  const file = openDocument(folder, name);
  try {
    action(file);
  } finally {
    closeSync(file.fd);
  }
}

function openDocument(folder: OpenFolder, name: string): OpenRegularFile {
  try {
    return folder.in(name, (path) => openRegular(path));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EBADMSG' ? new Error('it is not a regular file') : error;
  }
}

function isAt(folder: OpenFolder, name: string, { stat }: OpenRegularFile): boolean {
  const there = lstatSync(folder.at(name), { throwIfNoEntry: false });
  return there?.dev === stat.dev && there.ino === stat.ino;
}

/**
 * Owner and mode; and what Node has no call for, where cp is GNU's: the ACL and the extended attributes. The mode alone
 * would be wrong: of a file with an ACL its group bits are the mask, and say what somebody else may do.
 */
function copyAttributes(from: number, to: number, { uid, gid, mode }: Stats): void {
  fchownSync(to, uid, gid);
  if (descriptorsHavePaths()) {
    // its own descriptors 3 and 4
    const files = [descriptorPath(3), descriptorPath(4)];
    const stdio = ['ignore' as const, 'ignore' as const, 'ignore' as const, from, to];
    spawnSync('cp', ['--attributes-only', '--preserve=all', '--', ...files], { stdio, timeout: 10_000 });
    // cp sets the label by path, and so on the descriptor's link
    if (existsSync('/sys/fs/selinux/enforce')) {
      spawnSync('chcon', [`--reference=${files[0]}`, '--', files[1] as string], { stdio, timeout: 10_000 });
    }
  }
  // a document has no set-user-ID
  fchmodSync(to, mode & 0o777);
  // The time of change is its own.
  futimesSync(to, new Date(), new Date());
}

/** @throws Error where it is a pipe that nobody reads */
function writeInto(folder: OpenFolder, name: string, text: string, maxWaitMs: number): void {
  const fd = folder.in(name, (path) => openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  try {
    if (fstatSync(fd).isFile()) throw new Error('it was changed meanwhile');
    let rest = Buffer.from(text);
    for (let waitedMs = 0; rest.length > 0; ) {
      const written = writeSome(fd, rest);
      rest = rest.subarray(written);
      if (written === 0 && waitedMs >= maxWaitMs) throw new Error(`nobody has read it for ${maxWaitMs / 1000} s`);
      if (written === 0) pause(5);
      waitedMs = written === 0 ? waitedMs + 5 : 0;
    }
  } finally {
    closeSync(fd);
  }
}

function writeSome(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

function orToolError(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new ToolError(`${what}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}
