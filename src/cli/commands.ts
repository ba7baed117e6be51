/** All that works on documents, in one piece: it is loaded after xmllint was started. */
export { lint } from './lint/lint.js';
export { expandCommand, normalizeCommand } from './transform/transform.js';
