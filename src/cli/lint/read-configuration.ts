import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ToolError } from '../../lib/errors.js';
import { InputError } from '../../lib/input-error.js';
import type { LintConfiguration } from '../../lint/configuration.js';
import { parseLintConfiguration } from '../../lint/parse-configuration.js';
import { decode } from '../../xml/decode.js';
import { LineIndex } from '../../xml/line-index.js';
import { readInput, reason, UnreadableError } from '../files/read-input.js';
import { pathBelow } from '../files/source-root.js';
import { errorLine, type Io } from '../io.js';

const MAX_BYTES = 1024 * 1024;

/** The file given with `--config`; it may be a pipe. @throws ToolError, with the position; UnreadableError */
export function readNamedConfiguration(path: string): LintConfiguration {
  // a file named -, not standard input, which may be the document
  return parse(path, readInput(path === '-' ? './-' : path, 0));
}

/**
 * A file that was found by searching, so it must be a regular file. One that another user may have put into a directory
 * such as /tmp is ignored with a note.
 * @throws ToolError, with the position; UnreadableError
 */
export function readFoundConfiguration(absolute: string, io: Io): LintConfiguration | undefined {
  const path = pathBelow('', absolute) ?? absolute;
  const bytes = readRegular(path, (stats) => {
    if (!isPlanted(stats, absolute, io.userId())) return true;
    io.stderr.write(
      errorLine(
        'note',
        `${path} ignored: another user owns it, and its directory is world-writable (use --config to accept it)`,
      ),
    );
    return false;
  });
  return bytes && parse(path, bytes);
}

function readRegular(path: string, accepts: (stats: Stats) => boolean): Uint8Array | undefined {
  try {
    // opening a FIFO must not block
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw new UnreadableError(path, 'is not a regular file');
      if (stats.size > MAX_BYTES) throw new UnreadableError(path, 'is larger than 1 MiB');
      return accepts(stats) ? readFileSync(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(path, reason(error as NodeJS.ErrnoException));
  }
}

/** Whether a user other than this one and root owns the file, or the link to it, in a world-writable directory. */
function isPlanted({ uid }: Stats, path: string, user: number | undefined): boolean {
  const owners = [uid, lstatSync(path).uid];
  if (user === undefined || owners.every((owner) => owner === user || owner === 0)) return false;
  return (statSync(dirname(path)).mode & 0o002) !== 0;
}

function parse(path: string, bytes: Uint8Array): LintConfiguration {
  if (bytes.length > MAX_BYTES) throw new UnreadableError(path, 'is larger than 1 MiB');
  const { text, problem } = decode(bytes);
  const located = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { line, column } = new LineIndex(text).at(error.offset);
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      throw new ToolError(`${path}:${line}:${column}: ${error.message}${hint}`);
    }
  };
  const { rules, customRules } = located(() => {
    if (problem && bytes.length > 0) throw problem;
    return parseLintConfiguration(text);
  });
  // some errors of an expression only show when it is evaluated
  const select = (rule: (typeof customRules)[number]) => (document: Parameters<typeof rule.select>[0]) =>
    located(() => rule.select(document));
  return { rules, customRules: customRules.map((rule) => ({ ...rule, select: select(rule) })) };
}
