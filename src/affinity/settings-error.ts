import { ExpectedError } from '../lib/errors.js';

/** The host's configuration is invalid: one line, with its place. */
export class SettingsError extends ExpectedError {
  override readonly name = 'SettingsError';
}
