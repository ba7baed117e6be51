import { type EngineMessage, type SchemaVerdict, tellingMessage } from './verdict.js';

const VERDICT = /^(.*) (validates|fails to validate)$/;
const LOCATED = /^(.*?):(\d+): (?:element [^:]*(?::[^:]*)?: )?([A-Za-z-]+(?: [A-Za-z]+)? (?:error|warning)) : (.*)$/;
const UNLOCATED = /^Relax-NG validity error : (.*)$/;

/** The file names that this module can tell apart in xmllint's output: absolute, and none of `:`, `%`, control characters. */
export function isTellable(path: string): boolean {
  return /^\/[\p{L}\p{N}/._+,@=~ -]*$/u.test(path);
}

/**
 * What xmllint said on stderr of these files, given in this order. A document's own text is echoed there, so it could pose
 * as another's verdict: only a verdict that is the file's sole one, in its turn, and not at odds with the rest is taken.
 * Files left out of the result have to be asked about again, alone.
 */
export function readXmllintOutput(output: string, paths: readonly string[]): Map<string, SchemaVerdict> {
  const position = new Map(paths.map((path, index) => [path, index]));
  const findings = new Map<string, EngineMessage[]>();
  const said = new Map<string, boolean>();
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
    const contradictory = valid === undefined ? found.length === 0 : valid === found.length > 0;
    if (!doubtful.has(path) && !contradictory) verdicts.set(path, { valid: valid === true, ...tellingMessage(found) });
  }
  return verdicts;
}

/** The findings on the only document of a run, whose verdict is the exit status. */
export function readXmllintFindings(output: string): Omit<SchemaVerdict, 'valid'> {
  const findings = output.split('\n').flatMap((line): EngineMessage[] => {
    const located = LOCATED.exec(line);
    if (located) return [{ line: Number(located[2]), message: located[4] ?? '' }];
    const message = UNLOCATED.exec(line)?.[1];
    return message === undefined ? [] : [{ message }];
  });
  return tellingMessage(findings);
}

// libxml2 percent-encodes a name with spaces or letters beyond ASCII in its messages, though not in its verdicts.
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
