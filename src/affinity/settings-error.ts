/** The host's configuration is wrong: one line, with the place. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
