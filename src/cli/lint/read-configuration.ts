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
import type { Io } from '../io.js';

/** Bytes. */
const MAX_CONFIGURATION = 1024 * 1024;

/** The file of `--config`: whatever can be read, a pipe as well. @throws ToolError, with the place; UnreadableError */
export function readNamedConfiguration(path: string): LintConfiguration {
  // a file named - is meant, not standard input, which may be the document
  return parse(path, readInput(path === '-' ? './-' : path, 0));
}

/**
 * A file that was found: nobody has named it, so it must be a regular file. One that somebody else may have planted, in a folder
 * such as /tmp, is not read, and a note says so.
 * @throws ToolError, with the place; UnreadableError
 */
export function readFoundConfiguration(absolute: string, io: Io): LintConfiguration | undefined {
  const path = pathBelow('', absolute) ?? absolute;
  const bytes = readRegular(path, (stats) => {
    if (!isPlanted(stats, absolute, io.userId())) return true;
    io.stderr.write(
      `note: ${path} is ignored: another user owns it, and everybody can write to its folder (--config takes it)\n`,
    );
    return false;
  });
  return bytes && parse(path, bytes);
}

function readRegular(path: string, takes: (stats: Stats) => boolean): Uint8Array | undefined {
  try {
    // a FIFO must not hang the opening
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw new UnreadableError(path, 'is not a regular file');
      if (stats.size > MAX_CONFIGURATION) throw new UnreadableError(path, 'is larger than 1 MiB');
      return takes(stats) ? readFileSync(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(path, reason(error as NodeJS.ErrnoException));
  }
}

/** Whether another user than this one and root owns the file, or a link to it, and anybody could have put it there. */
function isPlanted({ uid }: Stats, path: string, user: number | undefined): boolean {
  const owners = [uid, lstatSync(path).uid];
  if (user === undefined || owners.every((owner) => owner === user || owner === 0)) return false;
  return (statSync(dirname(path)).mode & 0o002) !== 0;
}

function parse(path: string, bytes: Uint8Array): LintConfiguration {
  if (bytes.length > MAX_CONFIGURATION) throw new UnreadableError(path, 'is larger than 1 MiB');
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
  // An expression may turn out to be wrong only with a document at hand.
  const select = (rule: (typeof customRules)[number]) => (document: Parameters<typeof rule.select>[0]) =>
    located(() => rule.select(document));
  return { rules, customRules: customRules.map((rule) => ({ ...rule, select: select(rule) })) };
}
