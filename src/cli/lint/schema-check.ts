import { resolve } from 'node:path';
import type { Finding } from '../../lint/rule.js';
import { withSchemaFaults } from '../../lint/schema-findings.js';
import { openEngine } from '../../schema/engine.js';
import type { SchemaDocument, SchemaVerdict } from '../../schema/verdict.js';
import type { LineIndex } from '../../xml/line-index.js';
import { parseXml } from '../../xml/parse.js';
import type { Io } from '../io.js';
import { isReadableByXmllint, type SchemaRun } from './schema-run.js';

/** A domain that was checked by the rules. */
export interface LintedDocument {
  /** `-` for standard input */
  path: string;
  lines: LineIndex;
  findings: Finding[];
}

/** How long xmllint may read on if we rejected files of its run; then it is cancelled and the rest checked again. */
const CANCEL_AFTER_MS = 1500;

/**
 * Adds schema violations to the findings of each document. Locating a violation needs more code than the verdict; that
 * is loaded for the first invalid document.
 * @param rejected how many files of the run are not among the documents, because they are no well-formed domains
 */
export async function checkSchema(
  run: SchemaRun,
  documents: readonly LintedDocument[],
  rejected: number,
  env: Io['env'],
): Promise<void> {
  const verdicts = await verdictsOf(run, documents, rejected, env);
  const invalid = documents.filter((_, index) => !verdicts[index]?.valid);
  if (invalid.length === 0) return;
  const { Locator } = await import('../../schema/locate/locate.js');
  const locator = await Locator.open(run.grammar);
  try {
    for (const linted of invalid) {
      let verdict = verdicts[documents.indexOf(linted)] ?? { valid: false };
      const document = parseXml(linted.lines.text);
      if (!verdict.undecided && locator.takes(document)) verdict = await verdictOnText(run, linted, env);
      if (verdict.valid) continue;
      const faults = verdict.undecided ? [] : locator.locate(document);
      linted.findings = withSchemaFaults(linted.findings, faults, verdict, linted.lines);
    }
  } finally {
    locator.close();
  }
}

/** The verdicts on these documents, in their order. */
async function verdictsOf(
  run: SchemaRun,
  documents: readonly LintedDocument[],
  rejected: number,
  env: Io['env'],
): Promise<SchemaVerdict[]> {
  const early = run.xmllint ? await earlyVerdicts(run.xmllint, documents.length, rejected) : new Map();
  const known = documents.map(({ path }) => early.get(resolve(path)));
  const unknown = documents.filter((_, index) => !known[index]);
  if (unknown.length === 0) return known as SchemaVerdict[];
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const late = await validator.validate(unknown.map(asSchemaDocument));
    return known.map((verdict) => verdict ?? (late.shift() as SchemaVerdict));
  } finally {
    validator.close();
  }
}

/** xmllint reads the file itself, and so may read another text if it changes meanwhile. This is about the text we read. */
async function verdictOnText(run: SchemaRun, { path, lines }: LintedDocument, env: Io['env']): Promise<SchemaVerdict> {
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const [verdict] = await validator.validate([{ name: path, text: lines.text }]);
    return verdict as SchemaVerdict;
  } finally {
    validator.close();
  }
}

/** What the run that was started first says, by absolute path. */
async function earlyVerdicts(
  xmllint: NonNullable<SchemaRun['xmllint']>,
  wanted: number,
  rejected: number,
): Promise<Map<string, SchemaVerdict>> {
  if (wanted === 0) xmllint.cancel();
  if (rejected === 0) return xmllint.verdicts;
  const timer = setTimeout(() => xmllint.cancel(), CANCEL_AFTER_MS);
  try {
    return await xmllint.verdicts;
  } finally {
    clearTimeout(timer);
  }
}

function asSchemaDocument({ path, lines: { text } }: LintedDocument): SchemaDocument {
  const file = resolve(path);
  return path !== '-' && isReadableByXmllint(file) ? { name: path, path: file, text } : { name: path, text };
}
