import { resolve } from 'node:path';
import type { Finding } from '../../lint/rule.js';
import { withSchemaFaults } from '../../lint/schema-findings.js';
import type { Explainer, Explanation } from '../../schema/explain/explain.js';
import type { Fault } from '../../schema/explain/fault.js';
import type { SchemaDocument, SchemaVerdict } from '../../schema/verdict.js';
import type { XmlDocument } from '../../xml/document.js';
import type { LineIndex } from '../../xml/line-index.js';
import { parseXml } from '../../xml/parse.js';
import type { Io } from '../io.js';
import { isReadableByXmllint, type SchemaRun } from './schema-run.js';

/** A domain that the rules have checked. */
export interface LintedDocument {
  /** `-` for standard input */
  path: string;
  lines: LineIndex;
  findings: Finding[];
  /** the result of our validator; undefined if an engine is asked first */
  explained?: Explanation | undefined;
}

/**
 * How long xmllint may continue if we rejected files of its run; after that it is cancelled and the rest checked again.
 */
const CANCEL_AFTER_MS = 1500;

/** Our own validator's result for a document; undefined if the user wants an engine's verdict. */
export function explainFirst({ asksForAll, explainer }: SchemaRun, document: XmlDocument): Explanation | undefined {
  return asksForAll ? undefined : explainer.explain(document);
}

/**
 * Adds schema violations to the findings of each document. libxml2 is loaded only if its verdict is unknown.
 * @param rejected number of files in the run that are not among the documents, because they are not well-formed domains
 */
export async function checkSchema(
  run: SchemaRun,
  documents: readonly LintedDocument[],
  rejected: number,
  env: Io['env'],
): Promise<void> {
  const open = documents.filter(({ explained }) => !explained?.isCertain);
  const verdicts = open.length > 0 ? await verdictsOf(run, open, rejected, env) : [];
  const verdictOf = new Map(open.map((linted, index) => [linted, verdicts[index] as SchemaVerdict]));
  for (const linted of documents) {
    const { explained } = linted;
    const verdict = verdictOf.get(linted) ?? { valid: explained?.faults.length === 0 };
    if (!verdict.valid) await addFaults(run, linted, verdict, env);
  }
}

async function addFaults(run: SchemaRun, linted: LintedDocument, first: SchemaVerdict, env: Io['env']): Promise<void> {
  const { explainer } = run;
  const { lines, findings } = linted;
  const origin = () => explainer.origin;
  let [verdict, faults, more]: [SchemaVerdict, Fault[], number] = [first, [], 0];
  if (!verdict.undecided) {
    const explained = linted.explained ?? explainer.explain(parseXml(lines.text));
    ({ faults, more } = explained);
    if (faults.length === 0) {
      verdict = await verdictOnText(run, linted, env);
      if (verdict.valid) return;
      if (explained.failure === undefined) faults = faultsForLibxml2(explainer, parseXml(lines.text));
    }
  }
  linted.findings = withSchemaFaults(findings, faults, more, verdict, lines, origin);
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
  const { openEngine } = await import('../../schema/engine.js');
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const late = await validator.validate(unknown.map(asSchemaDocument));
    return known.map((verdict) => verdict ?? (late.shift() as SchemaVerdict));
  } finally {
    validator.close();
  }
}

/**
 * xmllint reads the file itself, and may see another text if the file changes meanwhile. This checks the text that we
 * read.
 */
async function verdictOnText(
  { engine, grammar }: SchemaRun,
  { path, lines }: LintedDocument,
  env: Io['env'],
): Promise<SchemaVerdict> {
  const { openEngine } = await import('../../schema/engine.js');
  const validator = await openEngine(engine, grammar, env);
  try {
    const [verdict] = await validator.validate([{ name: path, text: lines.text }]);
    return verdict as SchemaVerdict;
  } finally {
    validator.close();
  }
}

/** What the schema allows and libxml2 does not: numbers with white space, or an order of the root's children. */
function faultsForLibxml2(explainer: Explainer, document: XmlDocument): Fault[] {
  const numbers = explainer.spacedNumbers(document);
  if (numbers.length > 0) return numbers;
  const accepted = explainer.reorderings(document).find(({ text }) => {
    const { faults, isCertain } = explainer.explain(parseXml(text));
    return isCertain && faults.length === 0;
  });
  return accepted ? [accepted.fault] : [];
}

/** Verdicts of the run that was started first, by absolute path. */
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
