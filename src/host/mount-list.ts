import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf, isAbsent, systemError } from '../lib/errno.js';

/**
 * A user may have stacked 100,000 mounts, and the kernel takes a millisecond to print each of them. So the list is read
 * in small parts, which costs little for normal lists, and only as far as it is needed.
 */
const MAX_READ_MS = 100;
/** At least this many bytes are read, however busy this host is. */
const MIN_LENGTH = 16_384;

const buffer = Buffer.allocUnsafe(2048);

/**
 * The type of a file system, by the identifier of its mount in a mountinfo. Once nothing of it is open any more,
 * another mount may have the identifier.
 * @throws the system's error; ETIME if the list is too long
 */
export function mountType(path: string, mount: string, now = () => performance.now()): string | undefined {
  const fd = open(path);
  if (fd === undefined) return undefined;
  try {
    const began = now();
    const beginning = `\n${mount} `;
    let text = '\n';
    for (let length = 0; ; ) {
      const read = readSync(fd, buffer, 0, buffer.length, null);
      if (read === 0) return undefined;
      length += read;
      text += buffer.toString('latin1', 0, read);
      const start = text.indexOf(beginning);
      const end = start < 0 ? -1 : text.indexOf('\n', start + 1);
      if (end >= 0) return typeIn(text.slice(start, end));
      // the beginning of a line that is not whole
      if (start < 0) text = text.slice(text.lastIndexOf('\n'));
      if (length > MIN_LENGTH && now() - began > MAX_READ_MS) throw systemError('ETIME', path);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The fields are: identifier, parent, device, root, mount point, options, optional fields, `-`, type (proc(5)). None
 * contains a space.
 */
const typeIn = (line: string) => / - (\S+) /.exec(line)?.[1];

/** Undefined if it must not be read, or if the process has ended. */
function open(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = errnoOf(error);
    if (isAbsent(code) || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
