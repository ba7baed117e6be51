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
import { directoryReason, reason } from '../../lib/errno.js';
import { ToolError } from '../../lib/errors.js';
import { descriptorPath, descriptorsHavePaths, type OpenFolder, using } from '../../lib/open-folder.js';
import { pause } from '../../lib/pause.js';
import { type OpenRegularFile, openRegular } from '../../lib/regular-file.js';
import { openTrustedPath, type TrustedPath } from '../../lib/trusted-path.js';

const COMMAND_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 5;
const { O_NOCTTY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = constants;
/** Called between two steps of a write, for tests that act as another process. */
type Steps = Pick<AtomicWriteOptions, 'prepare' | 'beforeRename'>;

/** Shows which program left the file, if one should stay in a user's directory. */
const temporaryPrefix = '.hostdev-cpuset-';

/**
 * Writes a new or existing file atomically; the umask applies to a new one. A device or a pipe is written to as a shell
 * would. A link is not followed: a user who can write to the directory could choose which file is replaced.
 * @param maxWaitMs maximum wait for the reader of a pipe
 * @throws ToolError
 */
export function writeOutputFile(
  path: string,
  text: string,
  { maxWaitMs = 10_000, ...steps }: Steps & { maxWaitMs?: number } = {},
): void {
  orToolError(`${path}: cannot be written`, () => {
    const { folder, name, checkLinks } = openFolderOf(path);
    using(folder, () => {
      checkLinks(folder.stat().uid);
      const stat = lstatSync(folder.at(name), { throwIfNoEntry: false });
      if (!stat) return writeAtomically(folder, name, text, { ...steps, temporaryPrefix, mode: 0o666, flush: true });
      if (stat.isSymbolicLink()) throw new Error('it is a symbolic link: name its target (or - for standard output)');
      if (!stat.isFile()) return writeToPipe(folder, name, text, maxWaitMs);
      withFile(folder, name, (file) => replace(folder, name, file, text, steps));
    });
  });
}

/** The file need not exist, but its directory must. */
function openFolderOf(path: string): TrustedPath {
  try {
    return openTrustedPath(path);
  } catch (error) {
    throw new Error(directoryReason(error as NodeJS.ErrnoException));
  }
}

/**
 * Replaces a file atomically, keeping its mode, owner, ACL and extended attributes. A symbolic link stays, and its
 * target is replaced; a link of another user is refused, unless that user owns the target. A file that already has this
 * content is not written, and a file that has changed since it was read is not overwritten.
 * @param before the text that was read
 * @throws ToolError; the file is then unchanged
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
            throw new Error('it has changed meanwhile');
        };
        replace(folder, name, file, text, { ...steps, beforeRename });
      }),
    );
  });
}

/**
 * Writes a new file with the attributes of an open one, and gives it that file's name. Attributes are changed by
 * descriptor only: others may be able to write to the directory.
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
 * Copies the owner and mode, and with GNU cp the ACL and extended attributes, for which Node has no call. The mode
 * alone would be wrong: with an ACL the group bits are the ACL's mask.
 */
function copyAttributes(from: number, to: number, { uid, gid, mode }: Stats): void {
  fchownSync(to, uid, gid);
  if (descriptorsHavePaths()) {
    // descriptors 3 and 4 of the child
    const files = [descriptorPath(3), descriptorPath(4)];
    const stdio = ['ignore' as const, 'ignore' as const, 'ignore' as const, from, to];
    spawnSync('cp', ['--attributes-only', '--preserve=all', '--', ...files], { stdio, timeout: COMMAND_TIMEOUT_MS });
    // cp would set the label on the link in /proc
    if (existsSync('/sys/fs/selinux/enforce')) {
      spawnSync('chcon', [`--reference=${files[0]}`, '--', files[1] as string], { stdio, timeout: COMMAND_TIMEOUT_MS });
    }
  }
  // without the set-user-ID bits
  fchmodSync(to, mode & 0o777);
  // cp has copied the times, too
  futimesSync(to, new Date(), new Date());
}

/**
 * Writes to a pipe or a device.
 * @throws Error if a pipe is not read
 */
function writeToPipe(folder: OpenFolder, name: string, text: string, maxWaitMs: number): void {
  const fd = folder.in(name, (path) => openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  try {
    if (fstatSync(fd).isFile()) throw new Error('it has changed meanwhile');
    let rest = Buffer.from(text);
    for (let waitedMs = 0; rest.length > 0; ) {
      const written = writeSome(fd, rest);
      rest = rest.subarray(written);
      if (written === 0 && waitedMs >= maxWaitMs) throw new Error(`no reader for ${maxWaitMs / 1000} s`);
      if (written === 0) pause(POLL_INTERVAL_MS);
      waitedMs = written === 0 ? waitedMs + POLL_INTERVAL_MS : 0;
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
