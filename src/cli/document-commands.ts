/**
 * The commands that work on documents, as one chunk of the bundle (scripts/build.mjs): loaded after xmllint was
 * started.
 */
export { lint } from './commands/lint.js';
export { expandCommand, normalizeCommand } from './commands/transform.js';
