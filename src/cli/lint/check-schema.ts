import type { Finding } from '../../lint/rule.js';
import { withSchemaFaults } from '../../lint/schema-findings.js';
import type { LineIndex } from '../../xml/line-index.js';
import { parseXml } from '../../xml/parse.js';
import type { Io } from '../io.js';
import type { SchemaRun } from './schema-run.js';
import { verdictOnText, verdictsOf } from './verdicts.js';

/** A domain that the rules have seen. */
export interface Ruled {
  /** `-` for standard input */
  path: string;
  lines: LineIndex;
  findings: Finding[];
}

/**
 * Adds to each document's findings what the schema rejects. Every file of the run that is not among them was rejected by us.
 * Finding the places takes more than the verdict, and is loaded for the first document that needs it.
 */
export async function checkSchema(
  run: SchemaRun,
  files: readonly Ruled[],
  rejected: number,
  env: Io['env'],
): Promise<void> {
  const documents = files.map(({ path, lines }) => ({ path, text: lines.text }));
  const verdicts = await verdictsOf(run, documents, rejected, env);
  const invalid = files.filter((_, index) => !verdicts[index]?.valid);
  if (invalid.length === 0) return;
  const { Locator } = await import('../../schema/locate/locate.js');
  const locator = await Locator.open(run.grammar);
  try {
    for (const file of invalid) {
      let verdict = verdicts[files.indexOf(file)] ?? { valid: false };
      const { text } = file.lines;
      const document = parseXml(text);
      if (!verdict.undecided && locator.takes(document))
        verdict = await verdictOnText(run, { path: file.path, text }, env);
      if (verdict.valid) continue;
      const faults = verdict.undecided ? [] : locator.locate(document);
      file.findings = withSchemaFaults(file.findings, faults, verdict, file.lines);
    }
  } finally {
    locator.close();
  }
}
