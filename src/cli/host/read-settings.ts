import { parseSettings, SETTINGS_FILE, type Settings } from '../../enforce/settings.js';
import type { Files } from '../../host/files.js';
import { InputError } from '../../xml/input-error.js';
import { LineIndex } from '../../xml/position.js';
import { ToolError } from '../io.js';

/**
 * The host's configuration; undefined where there is none.
 * @throws ToolError, with the place, where it is wrong: better nothing than something unintended
 */
export function readSettings(files: Files): Settings | undefined {
  const text = files.read(SETTINGS_FILE);
  if (text === undefined) return undefined;
  try {
    return parseSettings(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    throw new ToolError(`${SETTINGS_FILE}:${line}:${column}: ${error.message}${hint}`);
  }
}
