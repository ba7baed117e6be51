import { type EngineMessage, type SchemaVerdict, tellingMessage } from './verdict.js';

const VALID = 0;
const MALFORMED = 1;
const INVALID = 3;
const VERDICT = /^(.*) (validates|fails to validate)$/;
const LOCATED = /^(.*?):(\d+): (?:element [^:]*(?::[^:]*)?: )?([A-Za-z-]+(?: [A-Za-z]+)? (?:error|warning)) : (.*)$/;
const PARSER_ERROR = 'parser error';
const UNLOCATED = /^Relax-NG validity error : (.*)$/;

/**
 * The file names that this module can tell apart in xmllint's output: absolute, and none of `:`, `%`, control characters.
 * Below /dev/ and /proc/ a name can mean another file to another process: /dev/stdin does.
 */
export function isTellable(path: string): boolean {
  return /^\/(?!(?:dev|proc)\/)[\p{L}\p{N}/._+,@=~ -]*$/u.test(path);
}

/**
 * What xmllint said on stderr of these files, given in this order. A document's own text is echoed there, so it could pose
 * as another's verdict: only a verdict that is the file's sole one, in its turn, and not at odds with the rest is taken.
 * A file without one is malformed where the parser says so; otherwise xmllint failed, which is not the file's fault.
 * Files left out of the result have to be asked about again, alone.
 */
export function readXmllintOutput(output: string, paths: readonly string[]): Map<string, SchemaVerdict> {
  const position = new Map(paths.map((path, index) => [path, index]));
  const findings = new Map<string, EngineMessage[]>();
  const said = new Map<string, boolean>();
  const malformed = new Set<string>();
  const doubtful = new Set<string>();
  let unlocated: EngineMessage[] = [];
  let furthest = -1;

  for (const line of output.split('\n')) {
    const verdict = VERDICT.exec(line);
    const path = verdict?.[1] ?? '';
    const index = position.get(path);
    if (verdict && index !== undefined) {
      if (said.has(path) || index < furthest) doubtful.add(path);
      furthest = Math.max(furthest, index);
      said.set(path, verdict[2] === 'validates');
      findings.set(path, [...(findings.get(path) ?? []), ...unlocated]);
      unlocated = [];
      continue;
    }
    const located = LOCATED.exec(line);
    const owner = located && [located[1] ?? '', decoded(located[1] ?? '')].find((name) => position.has(name));
    if (located && owner) {
      if (located[3]?.endsWith('warning')) continue;
      if (located[3] === PARSER_ERROR) malformed.add(owner);
      const finding = { line: Number(located[2]), message: located[4] ?? '' };
      findings.set(owner, [...(findings.get(owner) ?? []), ...unlocated, finding]);
      unlocated = [];
      continue;
    }
    const message = UNLOCATED.exec(line)?.[1];
    if (message !== undefined) unlocated.push({ message });
  }

  const verdicts = new Map<string, SchemaVerdict>();
  for (const path of paths) {
    const valid = said.get(path);
    const found = findings.get(path) ?? [];
    const contradictory = valid === undefined ? !malformed.has(path) : valid === found.length > 0;
    if (!doubtful.has(path) && !contradictory) verdicts.set(path, { valid: valid === true, ...tellingMessage(found) });
  }
  return verdicts;
}

/** What xmllint said of the only document of a run, its stdin; undefined where that is no verdict but a failure of xmllint. */
export function readXmllintVerdict(status: number | null, output: string): SchemaVerdict | undefined {
  if (status === VALID) return { valid: true };
  const lines = output.split('\n');
  const invalid = status === INVALID && lines.includes('- fails to validate');
  const malformed = status === MALFORMED && lines.some((line) => LOCATED.exec(line)?.[3] === PARSER_ERROR);
  return invalid || malformed ? { valid: false, ...readFindings(lines) } : undefined;
}

function readFindings(lines: readonly string[]): Omit<SchemaVerdict, 'valid'> {
  const findings = lines.flatMap((line): EngineMessage[] => {
    const located = LOCATED.exec(line);
    if (located) return [{ line: Number(located[2]), message: located[4] ?? '' }];
    const message = UNLOCATED.exec(line)?.[1];
    return message === undefined ? [] : [{ message }];
  });
  return tellingMessage(findings);
}

/** Whether a run over several files ended in one of the ways that are about the files, not about xmllint. */
export function isAboutFiles(status: number | null): boolean {
  return status === VALID || status === MALFORMED || status === INVALID;
}

// libxml2 percent-encodes a name with spaces or letters beyond ASCII in its messages, though not in its verdicts.
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
