import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Grammar } from './grammar.js';
import { type CompiledGrammar, openLibxml2Wasm } from './libxml2-wasm.js';
import { openLibxmljs2 } from './libxmljs2.js';
import { SchemaError } from './schema-error.js';
import type { Environment, SchemaDocument, SchemaVerdict, Validator } from './verdict.js';
import { startXmllint, validateText } from './xmllint.js';

export const ENGINE_NAMES = ['xmllint', 'libxml2-wasm', 'libxmljs2'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/**
 * The engine to use: `auto` is xmllint if it is in $PATH, else libxml2-wasm.
 * @throws SchemaError for an unknown name, and for xmllint if it is not installed. openEngine loads the others
 */
export function chooseEngine(name: string, env: Environment): EngineName {
  if (name === 'auto') return isOnPath('xmllint', env) ? 'xmllint' : 'libxml2-wasm';
  const known = ENGINE_NAMES.find((engine) => engine === name);
  if (known === undefined) throw new SchemaError(`unknown engine ${name}; known: auto, ${ENGINE_NAMES.join(', ')}`);
  if (known === 'xmllint' && !isOnPath(known, env)) {
    throw new SchemaError('xmllint is not installed (Debian: libxml2-utils; Fedora: libxml2)');
  }
  return known;
}

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
      // a failure of xmllint itself is not a verdict on the document: the library validates it
      if (verdict === undefined) fallback ??= await openLibxml2Wasm(grammar);
      verdicts.push(verdict ?? (fallback as CompiledGrammar).validateText(text));
    }
    return verdicts;
  } finally {
    fallback?.close();
    run.cancel();
  }
}

function isOnPath(command: string, env: Environment): boolean {
  return (env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      const file = join(directory, command);
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}
