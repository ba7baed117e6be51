import type { GuestPolicies } from '../domain/guest-policies.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { ExpectedError } from '../lib/errors.js';
import { InputError } from '../lib/input-error.js';
import { LineIndex } from '../xml/line-index.js';
import { GUESTS_FOLDER, parseGuestPolicies } from './guest-settings.js';
import { DEFAULT_SETTINGS, parseSettings, SETTINGS_FILE, type Settings } from './settings.js';

/** The host's configuration is invalid: one line, with its place. */
class SettingsError extends ExpectedError {
  override readonly name = 'SettingsError';
}

/**
 * The host's configuration, with the files of guests.d; undefined if there is neither. A file that cannot be read, or
 * that other users can write to, is an error: it may forbid what is about to be done.
 * @throws SettingsError if it is invalid, FileError if it cannot be read, UntrustedFile
 */
export function readSettings(files: PseudoFs): Settings | undefined {
  const settings = readTrusted(files, SETTINGS_FILE, parseSettings);
  const guestFiles = readGuestFiles(files);
  return guestFiles.size > 0 ? { ...(settings ?? DEFAULT_SETTINGS), guestFiles } : settings;
}

/** By the guest's name. Editors and package managers leave files with other endings, and hidden ones. */
function readGuestFiles(files: PseudoFs): ReadonlyMap<string, GuestPolicies> {
  const found = new Map<string, GuestPolicies>();
  const names = files.list(GUESTS_FOLDER);
  if (!names && files.readTrusted(GUESTS_FOLDER) !== undefined)
    throw new SettingsError(`${files.root}${GUESTS_FOLDER}: not a directory`);
  for (const file of (names ?? []).sort()) {
    if (!file.endsWith('.json') || file.startsWith('.')) continue;
    const policies = readTrusted(files, `${GUESTS_FOLDER}/${file}`, parseGuestPolicies);
    if (policies) found.set(file.slice(0, -'.json'.length), policies);
  }
  return found;
}

function readTrusted<T>(files: PseudoFs, path: string, parse: (text: string) => T): T | undefined {
  const text = files.readTrusted(path);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    throw new SettingsError(`${files.root}${path}:${line}:${column}: ${error.message}${hint}`);
  }
}
