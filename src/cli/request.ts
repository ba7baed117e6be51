import type { DefineOptions } from './define.js';
import type { EditOptions } from './edit.js';
import type { EnforceOptions } from './enforce.js';
import type { InstallOptions } from './install.js';
import type { LintOptions } from './lint.js';
import type { NormalizeCommandOptions, TransformOptions } from './transform.js';
import type { WatchOptions } from './watch.js';

/** What a command line asks for. */
export type Request =
  | { command: 'lint'; options: LintOptions }
  | { command: 'normalize'; options: NormalizeCommandOptions }
  | { command: 'expand'; options: TransformOptions }
  | { command: 'define'; options: DefineOptions }
  | { command: 'edit'; options: EditOptions }
  | { command: 'enforce'; options: EnforceOptions }
  | { command: 'install'; options: InstallOptions }
  | { command: 'watch'; options: WatchOptions }
  | { command: 'print'; text: string };
