/** The commands that check documents, as one chunk of the bundle (scripts/build.mjs). */
export { lint } from './commands/lint.js';
