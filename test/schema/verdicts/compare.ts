import { openEngine } from '../../../src/schema/engine.js';
import type { EngineName } from '../../../src/schema/engine-names.js';
import { Explainer } from '../../../src/schema/explain/explain.js';
import type { Grammar } from '../../../src/schema/grammar.js';
import type { SchemaVerdict } from '../../../src/schema/verdict.js';
import { parseXml } from '../../../src/xml/parse.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { randomDocuments } from './random-documents.js';

/** Documents of one seed: as many as one call of xmllint validates quickly. */
export const DOCUMENTS_OF_SEED = 500;

export interface Comparison {
  valid: number;
  invalid: number;
  /** documents on which our validator does not know libxml2's verdict, which is then asked */
  uncertain: number;
  /** with each document whose verdict differs */
  differences: string[];
}

/** Compares the verdicts of our validator that it is certain of with libxml2's, for documents with random changes. */
export async function compareVerdicts(
  seed: number,
  count: number,
  grammar: Grammar,
  engine: EngineName = 'xmllint',
): Promise<Comparison> {
  const folder = new TemporaryFolder();
  const validator = await openEngine(engine, grammar, process.env);
  try {
    const texts = randomDocuments(seed, count);
    const documents = texts.map((text, index) => {
      const name = `${index}.xml`;
      return { name, text, path: folder.write(name, text) };
    });
    const verdicts = await validator.validate(documents);
    const explainer = new Explainer(grammar);
    const comparison: Comparison = { valid: 0, invalid: 0, uncertain: 0, differences: [] };
    for (const [index, text] of texts.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined || verdict.undecided)
        throw new Error(`no verdict of ${engine} on document ${index} of seed ${seed}`);
      compare(explainer, text, verdict, comparison);
    }
    return comparison;
  } finally {
    validator.close();
    folder.remove();
  }
}

function compare(explainer: Explainer, text: string, verdict: SchemaVerdict, comparison: Comparison): void {
  comparison[verdict.valid ? 'valid' : 'invalid']++;
  const { more, failure, isCertain } = explainer.explain(parseXml(text), 0);
  if (failure !== undefined) throw new Error(failure);
  if (!isCertain) comparison.uncertain++;
  else if ((more === 0) !== verdict.valid) {
    const ours = explainer.explain(parseXml(text)).faults[0]?.message ?? 'valid';
    comparison.differences.push(`${text}\nours: ${ours}\nlibxml2: ${verdict.message ?? 'valid'}`);
  }
}
