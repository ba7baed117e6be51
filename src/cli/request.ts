import type { EnforceOptions } from './enforce.js';
import type { LintOptions } from './lint.js';
import type { NormalizeCommandOptions, TransformOptions } from './transform.js';

/** What a command line asks for. */
export type Request =
  | { command: 'lint'; options: LintOptions }
  | { command: 'normalize'; options: NormalizeCommandOptions }
  | { command: 'expand'; options: TransformOptions }
  | { command: 'enforce'; options: EnforceOptions }
  | { command: 'print'; text: string };
