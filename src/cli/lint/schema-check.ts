import { resolve } from 'node:path';
import type { Finding } from '../../lint/rule.js';
import { withSchemaFaults } from '../../lint/schema-findings.js';
import { openEngine } from '../../schema/engine.js';
import type { Fault } from '../../schema/explain/fault.js';
import type { Reordering } from '../../schema/explain/order.js';
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
 * Adds schema violations to the findings of each document. What explains a violation is loaded for the first invalid
 * document.
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
  const { Explainer } = await import('../../schema/explain/explain.js');
  const explainer = new Explainer(run.grammar);
  for (const linted of invalid) {
    let verdict = verdicts[documents.indexOf(linted)] ?? { valid: false };
    const document = parseXml(linted.lines.text);
    const explained = verdict.undecided
      ? { faults: [] as Fault[], more: 0, failure: undefined }
      : explainer.explain(document);
    let { faults } = explained;
    if (!verdict.undecided && faults.length === 0) {
      verdict = await verdictOnText(run, linted, linted.lines.text, env);
      if (!verdict.valid && explained.failure === undefined) {
        faults = await orderFaults(run, linted, explainer.reorderings(document), env);
      }
    }
    if (verdict.valid) continue;
    const origin = () => explainer.origin;
    linted.findings = withSchemaFaults(linted.findings, faults, explained.more, verdict, linted.lines, origin);
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
  const known = documents.map(({ path, lines }) => (lines.isWhole ? early.get(resolve(path)) : undefined));
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

/**
 * xmllint reads the file itself, and so may read another text if it changes meanwhile. This is about the text we read.
 */
async function verdictOnText(
  run: SchemaRun,
  { path }: LintedDocument,
  text: string,
  env: Io['env'],
): Promise<SchemaVerdict> {
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const [verdict] = await validator.validate([{ name: path, text }]);
    return verdict as SchemaVerdict;
  } finally {
    validator.close();
  }
}

/** The first child of the root that libxml2 accepts at another place. */
async function orderFaults(
  run: SchemaRun,
  linted: LintedDocument,
  reorderings: readonly Reordering[],
  env: Io['env'],
): Promise<Fault[]> {
  for (const { text, fault } of reorderings) {
    if ((await verdictOnText(run, linted, text, env)).valid) return [fault];
  }
  return [];
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

function asSchemaDocument({ path, lines: { text, isWhole } }: LintedDocument): SchemaDocument {
  const file = resolve(path);
  return path !== '-' && isWhole && isReadableByXmllint(file) ? { name: path, path: file, text } : { name: path, text };
}
