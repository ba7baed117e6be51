import type { AttachOptions } from './commands/attach.js';
import type { DefineOptions } from './commands/define.js';
import type { EditOptions } from './commands/edit.js';
import type { InstallOptions } from './commands/install.js';
import type { LintOptions } from './commands/lint.js';
import type { PlanOptions } from './commands/plan.js';
import type { ReportOptions } from './commands/report.js';
import type { SetOptions } from './commands/set.js';
import type { StatusOptions } from './commands/status.js';
import type { NormalizeCommandOptions, TransformOptions } from './commands/transform.js';
import type { WatchOptions } from './commands/watch.js';

/** A parsed command line. */
export type Request =
  | { command: 'lint'; options: LintOptions }
  | { command: 'normalize'; options: NormalizeCommandOptions }
  | { command: 'expand'; options: TransformOptions }
  | { command: 'define'; options: DefineOptions }
  | { command: 'edit'; options: EditOptions }
  | { command: 'set'; options: SetOptions }
  | { command: 'attach'; options: AttachOptions }
  | { command: 'plan'; options: PlanOptions }
  | { command: 'status'; options: StatusOptions }
  | { command: 'install'; options: InstallOptions }
  | { command: 'watch'; options: WatchOptions }
  | { command: 'report'; options: ReportOptions }
  | { command: 'print'; text: string };
