import type { EngineName } from './engine-names.js';
import type { Grammar } from './grammar.js';
import { type CompiledGrammar, openLibxml2Wasm } from './libxml2-wasm.js';
import { openLibxmljs2 } from './libxmljs2.js';
import type { Environment, SchemaDocument, SchemaVerdict, Validator } from './verdict.js';
import { startXmllint, validateText } from './xmllint.js';

export { startXmllint };

/** Prepares an engine with a grammar. @throws SchemaError if the engine is absent or the grammar does not compile */
export async function openEngine(engine: EngineName, grammar: Grammar, env: Environment): Promise<Validator> {
  if (engine === 'libxml2-wasm') return openLibxml2Wasm(grammar);
  if (engine === 'libxmljs2') return openLibxmljs2(grammar);
  return {
    validate: (documents) => validateWithXmllint(documents, grammar, env),
    close: () => {},
  };
}

async function validateWithXmllint(
  documents: readonly SchemaDocument[],
  grammar: Grammar,
  env: Environment,
): Promise<SchemaVerdict[]> {
  const paths = documents.flatMap(({ path }) => path ?? []);
  const run = startXmllint([...new Set(paths)], grammar, { env });
  let fallback: CompiledGrammar | undefined;
  try {
    const verdicts: SchemaVerdict[] = [];
    for (const { path, text } of documents) {
      const verdict = path === undefined ? await validateText(text, grammar, { env }) : (await run.verdicts).get(path);
      // a failure of xmllint itself is not a verdict on the document: libxml2-wasm validates it then
      if (verdict === undefined) fallback ??= await openLibxml2Wasm(grammar);
      verdicts.push(verdict ?? (fallback as CompiledGrammar).validateText(text));
    }
    return verdicts;
  } finally {
    fallback?.close();
    run.cancel();
  }
}
