import { createHash } from 'node:crypto';
import { resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CustomRuleInfo, sarifLog } from '../../lint/formats/sarif.js';
import type { LintReport } from '../../lint/report.js';
import { pathBelow, sourceRoot } from '../files/source-root.js';
import type { Io } from '../io.js';
import { version } from '../version.js';

/** A report as SARIF. Loaded only for that format. */
export function sarifOf(
  report: LintReport,
  sourceLine: (file: number, line: number) => string,
  env: Io['env'],
  customRules: readonly CustomRuleInfo[],
): object {
  const root = sourceRoot(env);
  return sarifLog(report, { version, customRules, locate: (path) => locate(path, root), sourceLine, hash });
}

/** GitHub's code scanning expects `%SRCROOT%` for the root of the checkout. */
function locate(path: string, root: string): { uri: string; uriBaseId?: string } {
  const below = pathBelow(root, path);
  if (below === undefined) return { uri: pathToFileURL(resolve(path)).href };
  return { uri: below.split(sep).map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
