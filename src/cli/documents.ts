/** All that works on documents, in one piece: it is loaded after xmllint was started. */
export { lint } from './commands/lint.js';
export { expandCommand, normalizeCommand } from './commands/transform.js';
