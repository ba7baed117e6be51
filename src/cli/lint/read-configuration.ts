import { closeSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, reason } from '../../lib/errno.js';
import { ToolError } from '../../lib/errors.js';
import { InputError } from '../../lib/input-error.js';
import { using } from '../../lib/open-folder.js';
import { openRegular } from '../../lib/regular-file.js';
import { walk } from '../../lib/walk.js';
import type { LintConfiguration } from '../../lint/configuration.js';
import { parseLintConfiguration } from '../../lint/parse-configuration.js';
import { decode } from '../../xml/decode.js';
import { LineIndex } from '../../xml/line-index.js';
import { readInput, UnreadableError } from '../files/read-input.js';
import { pathBelow } from '../files/source-root.js';
import { errorLine, type Io } from '../io.js';

const MAX_BYTES = 1024 * 1024;

/** The file given with `--config`; it may be a pipe. @throws ToolError, with the position; UnreadableError */
export function readNamedConfiguration(path: string): LintConfiguration {
  // a file named -, not standard input, which may be the document
  return parse(path, readInput(path === '-' ? './-' : path, 0));
}

/**
 * A configuration that was found by searching, so it must be a regular file. A file that another user may have put into
 * a directory such as /tmp is not opened, but ignored with a note.
 * @throws ToolError, with the position; UnreadableError
 */
export function readFoundConfiguration(absolute: string, io: Io): LintConfiguration | undefined {
  const path = pathBelow('', absolute) ?? absolute;
  const bytes = readUnlessPlanted(path, absolute, io.userId());
  if (bytes) return parse(path, bytes);
  io.stderr.write(
    errorLine(
      'note',
      `${path} ignored: another user owns it, and its directory is world-writable (use --config to accept it)`,
    ),
  );
  return undefined;
}

/**
 * Undefined if another user may have planted the file. Links are followed here, so that the owner of each is known
 * before anything is opened.
 */
function readUnlessPlanted(path: string, absolute: string, user: number | undefined): Uint8Array | undefined {
  const owners: number[] = [];
  const isPlanted = (uid: number) => isForeign([...owners, uid], user) && canAnybodyWriteTo(dirname(absolute));
  try {
    const { folder, name } = walk(absolute, { followLast: true, link: (_, owner) => owners.push(owner) });
    return using(folder, () => {
      if (isPlanted(lstatSync(folder.at(name)).uid)) return undefined;
      const { fd, stat } = openRegular(folder.at(name));
      try {
        if (stat.size > MAX_BYTES) throw new UnreadableError(path, 'is larger than 1 MiB');
        // another user may have replaced it since
        return isPlanted(stat.uid) ? undefined : readFileSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    if (errnoOf(error) === 'EBADMSG') throw new UnreadableError(path, 'is not a regular file');
    throw new UnreadableError(path, reason(error as NodeJS.ErrnoException));
  }
}

/** Whether a user other than this one and root is among the owners. */
const isForeign = (owners: readonly number[], user: number | undefined) =>
  user !== undefined && owners.some((owner) => owner !== user && owner !== 0);

const canAnybodyWriteTo = (folder: string) => (statSync(folder).mode & 0o002) !== 0;

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
