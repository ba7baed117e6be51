import { resolve } from 'node:path';
import { openEngine } from '../../schema/engine.js';
import type { SchemaDocument, SchemaVerdict } from '../../schema/verdict.js';
import type { Io } from '../io.js';
import { isWorthReading, type SchemaRun } from './schema-run.js';

/** A document that is well-formed and a domain: only those are the schema's business. */
export interface Checkable {
  path: string;
  text: string;
}

/** How long xmllint may go on with files that we have rejected, in milliseconds, before it is started again without them. */
const GRACE = 1500;

/** The verdicts on these documents, in their order. Every file of the run that is not among them was rejected by us. */
export async function verdictsOf(
  run: SchemaRun,
  documents: readonly Checkable[],
  rejected: number,
  env: Io['env'],
): Promise<SchemaVerdict[]> {
  const early = run.xmllint ? await earlyVerdicts(run.xmllint, documents.length, rejected) : new Map();
  const known = documents.map(({ path }) => early.get(resolve(path)));
  const open = documents.filter((_, index) => !known[index]);
  if (open.length === 0) return known as SchemaVerdict[];
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const late = await validator.validate(open.map(asDocument));
    return known.map((verdict) => verdict ?? (late.shift() as SchemaVerdict));
  } finally {
    validator.close();
  }
}

/** xmllint reads files by itself: one that somebody writes meanwhile was another to it. This is about the text that we have read. */
export async function verdictOnText(
  run: SchemaRun,
  { path: name, text }: Checkable,
  env: Io['env'],
): Promise<SchemaVerdict> {
  const validator = await openEngine(run.engine, run.grammar, env);
  try {
    const [verdict] = await validator.validate([{ name, text }]);
    return verdict as SchemaVerdict;
  } finally {
    validator.close();
  }
}

async function earlyVerdicts(
  xmllint: NonNullable<SchemaRun['xmllint']>,
  wanted: number,
  rejected: number,
): Promise<Map<string, SchemaVerdict>> {
  if (wanted === 0) xmllint.cancel();
  if (rejected === 0) return xmllint.verdicts;
  const timer = setTimeout(() => xmllint.cancel(), GRACE);
  try {
    return await xmllint.verdicts;
  } finally {
    clearTimeout(timer);
  }
}

function asDocument({ path, text }: Checkable): SchemaDocument {
  const file = resolve(path);
  return path !== '-' && isWorthReading(file) ? { name: path, path: file, text } : { name: path, text };
}
