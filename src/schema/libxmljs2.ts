import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import {
  type EngineMessage,
  mostSpecificMessage,
  type SchemaDocument,
  type SchemaVerdict,
  type Validator,
} from './verdict.js';

/** The parts of libxmljs2 that are used. It is an optional peer dependency, so its types are not available here. */
interface Libxmljs2 {
  parseXml(text: string, options: { baseUrl?: string; nonet: boolean }): Libxmljs2Document;
}

interface Libxmljs2Document {
  rngValidate(grammar: Libxmljs2Document): boolean;
  validationErrors: EngineMessage[];
}

// a variable, so that compiler and bundler do not resolve the package, which may be absent
const PACKAGE = 'libxmljs2';

/** For users who have installed libxmljs2 themselves. @throws SchemaError if it is absent or cannot be loaded */
export async function openLibxmljs2(grammar: Grammar, packageName = PACKAGE): Promise<Validator> {
  const library = await load(packageName);
  return {
    validate: async (documents) => documents.map((document) => verdictOf(library, grammar, document)),
    close: () => {},
  };
}

async function load(packageName: string): Promise<Libxmljs2> {
  try {
    const loaded = (await import(packageName)) as { default?: Libxmljs2 } & Libxmljs2;
    return loaded.default ?? loaded;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new SchemaError(
      missing ? 'libxmljs2 is not installed: npm install libxmljs2' : 'libxmljs2 is installed but cannot be loaded',
    );
  }
}

// libxmljs2 compiles the grammar again for each document; it has no other API
function verdictOf(library: Libxmljs2, grammar: Grammar, { text }: SchemaDocument): SchemaVerdict {
  try {
    const source = grammar.text ?? readFileSync(grammar.file ?? '', 'utf8');
    const baseUrl = grammar.file ?? join(grammar.directories.at(-1) ?? '/', 'generated.rng');
    const document = library.parseXml(text, { nonet: true });
    if (document.rngValidate(library.parseXml(source, { baseUrl, nonet: true }))) return { valid: true };
    return { valid: false, ...mostSpecificMessage(document.validationErrors) };
  } catch (error) {
    return { valid: false, ...mostSpecificMessage([error as Error]) };
  }
}
