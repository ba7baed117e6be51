import { constants } from 'node:os';

/** Node's code for an error that libuv has no name for, such as ESTALE (NFS), EDQUOT and ENOEXEC. */
const UNNAMED = /Unknown system error -(\d+)/g;

/** ENODEV: an open file of sysfs was removed; ESRCH: the process of an open procfs file has ended. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH']);

/** The system's error code (ENOENT, ELOOP ...), EIO if the error has none. */
export function errnoOf(error: unknown): string {
  return withNames((error as NodeJS.ErrnoException).code ?? 'EIO');
}

/** An error's message, with the names of system errors. */
export function messageOf(error: Error): string {
  // Node repeats the code where libuv has no message
  return withNames(error.message).replace(/^(E[A-Z0-9]+): \1\b/, '$1');
}

function withNames(text: string): string {
  return text.replace(UNNAMED, (code, number) => NAMES.get(Number(number)) ?? code);
}

/** EWOULDBLOCK and EOPNOTSUPP are aliases. */
const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** Whether the code means that the file or process does not exist. */
export const isAbsent = (code: string) => ABSENT.has(code);

/** An error with a code and a `syscall`, like Node's own: it is reported in one line, without a stack. */
export function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'open' });
}

/** Plain messages for error codes. */
const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'no process has the other end open',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EDQUOT: 'the disk quota is exceeded',
  ESTALE: 'the file was removed or replaced on its file server',
};

/** A short message for a system error. */
export function reason(error: NodeJS.ErrnoException): string {
  return REASONS[errnoOf(error)] ?? messageOf(error).split('\n', 1)[0] ?? 'unknown error';
}

/** The same, where only a directory can be missing. */
export function directoryReason(error: NodeJS.ErrnoException): string {
  return errnoOf(error) === 'ENOENT' ? 'no such directory' : reason(error);
}

/** Node's message and systemError()'s: the file is in quotes, or all that follows the code. Not with two files. */
const WITH_FILE = /^E[A-Z0-9]+: (?:[^']*, \w+ '((?:(?!' -> ').)+)'|([^',]+))$/s;

/** `FILE: REASON` for a system error with a file and a plain message; otherwise the error's message. */
export function plainMessage(error: Error): string {
  const message = messageOf(error);
  const plain = 'syscall' in error ? REASONS[errnoOf(error)] : undefined;
  const [, quoted, bare] = (plain !== undefined && WITH_FILE.exec(message)) || [];
  const file = quoted ?? bare;
  return file === undefined ? message : `${file}: ${plain}`;
}
