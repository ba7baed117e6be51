import type { DefineOptions } from './edit/define.js';
import type { EditOptions } from './edit/edit.js';
import type { EnforceOptions } from './host/enforce.js';
import type { InstallOptions } from './install.js';
import type { LintOptions } from './lint/lint.js';
import type { NormalizeCommandOptions, TransformOptions } from './transform/transform.js';
import type { WatchOptions } from './watch/watch.js';

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
