import { type EngineMessage, mostSpecificMessage, type SchemaVerdict } from './verdict.js';

const VALID = 0;
const MALFORMED = 1;
const INVALID = 3;
const VERDICT = /^(.*) (validates|fails to validate)$/;
const LOCATED = /^(.*?):(\d+): (?:element [^:]*(?::[^:]*)?: )?([A-Za-z-]+(?: [A-Za-z]+)? (?:error|warning)) : (.*)$/;
const PARSER_ERROR = 'parser error';
const UNLOCATED = /^Relax-NG validity error : (.*)$/;

/**
 * True for a path that can be recognized in xmllint's output: absolute, without `:`, `%` and control characters. Not
 * below /dev/ and /proc/, where a path can be a different file for another process, such as /dev/stdin.
 */
export function isRecognizable(path: string): boolean {
  return /^\/(?!(?:dev|proc)\/)[\p{L}\p{N}/._+,@=~ -]*$/u.test(path);
}

/**
 * Reads xmllint's stderr for these files, which it got in this order. xmllint echoes text of documents there, which
 * could imitate the verdict on another file: a verdict counts only if it is the file's only one, in the right order,
 * and consistent with its messages. A file without a verdict is malformed if the parser reported an error; otherwise
 * xmllint failed.
 * @returns verdicts by path; a file without one must be validated again, alone
 */
export function readXmllintOutput(output: string, paths: readonly string[]): Map<string, SchemaVerdict> {
  const indices = new Map(paths.map((path, index) => [path, index]));
  const messages = new Map<string, EngineMessage[]>();
  const validity = new Map<string, boolean>();
  const malformed = new Set<string>();
  const doubtful = new Set<string>();
  let unlocated: EngineMessage[] = [];
  let lastIndex = -1;

  for (const line of output.split('\n')) {
    const verdict = VERDICT.exec(line);
    const path = verdict?.[1] ?? '';
    const index = indices.get(path);
    if (verdict && index !== undefined) {
      if (validity.has(path) || index < lastIndex) doubtful.add(path);
      lastIndex = Math.max(lastIndex, index);
      validity.set(path, verdict[2] === 'validates');
      messages.set(path, [...(messages.get(path) ?? []), ...unlocated]);
      unlocated = [];
      continue;
    }
    const located = LOCATED.exec(line);
    const owner = located && [located[1] ?? '', decoded(located[1] ?? '')].find((name) => indices.has(name));
    if (located && owner) {
      if (located[3]?.endsWith('warning')) continue;
      if (located[3] === PARSER_ERROR) malformed.add(owner);
      const message = { line: Number(located[2]), message: located[4] ?? '' };
      messages.set(owner, [...(messages.get(owner) ?? []), ...unlocated, message]);
      unlocated = [];
      continue;
    }
    const message = UNLOCATED.exec(line)?.[1];
    if (message !== undefined) unlocated.push({ message });
  }

  const verdicts = new Map<string, SchemaVerdict>();
  for (const path of paths) {
    const valid = validity.get(path);
    const found = messages.get(path) ?? [];
    const isInconsistent = valid === undefined ? !malformed.has(path) : valid === found.length > 0;
    if (!doubtful.has(path) && !isInconsistent)
      verdicts.set(path, { valid: valid === true, ...mostSpecificMessage(found) });
  }
  return verdicts;
}

/** The verdict on the only document of a run, its stdin; undefined if xmllint failed. */
export function readXmllintVerdict(status: number | null, output: string): SchemaVerdict | undefined {
  if (status === VALID) return { valid: true };
  const lines = output.split('\n');
  const invalid = status === INVALID && lines.includes('- fails to validate');
  const malformed = status === MALFORMED && lines.some((line) => LOCATED.exec(line)?.[3] === PARSER_ERROR);
  return invalid || malformed ? { valid: false, ...readMessages(lines) } : undefined;
}

function readMessages(lines: readonly string[]): Omit<SchemaVerdict, 'valid'> {
  const messages = lines.flatMap((line): EngineMessage[] => {
    const located = LOCATED.exec(line);
    if (located) return [{ line: Number(located[2]), message: located[4] ?? '' }];
    const message = UNLOCATED.exec(line)?.[1];
    return message === undefined ? [] : [{ message }];
  });
  return mostSpecificMessage(messages);
}

/** True if the exit status of a run over several files describes the files, not a failure of xmllint. */
export function isAboutFiles(status: number | null): boolean {
  return status === VALID || status === MALFORMED || status === INVALID;
}

// libxml2 percent-encodes spaces and non-ASCII letters of a path in its messages, but not in its verdicts
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
