import type { PseudoFs } from '../host/pseudo-fs.js';
import { InputError } from '../lib/input-error.js';
import { LineIndex } from '../xml/line-index.js';
import { parseSettings, SETTINGS_FILE, type Settings } from './settings.js';
import { SettingsError } from './settings-error.js';

/**
 * The host's configuration; undefined if the file does not exist. A file that cannot be read, or that other users can
 * write to, is an error: it may forbid the write that is planned.
 * @throws SettingsError if it is invalid, FileError if it cannot be read, UntrustedFile
 */
export function readSettings(files: PseudoFs): Settings | undefined {
  const text = files.readTrusted(SETTINGS_FILE);
  if (text === undefined) return undefined;
  try {
    return parseSettings(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    throw new SettingsError(`${files.root}${SETTINGS_FILE}:${line}:${column}: ${error.message}${hint}`);
  }
}
