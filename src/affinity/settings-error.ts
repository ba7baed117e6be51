import { ExpectedError } from '../lib/errors.js';

/** The host's configuration is wrong: one line, with the place. */
export class SettingsError extends ExpectedError {
  override readonly name = 'SettingsError';
}
