import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import {
  type EngineMessage,
  type SchemaDocument,
  type SchemaVerdict,
  tellingMessage,
  type Validator,
} from './verdict.js';

/** What is used of libxmljs2, an optional peer that brings no types along here. */
interface Libxmljs2 {
  parseXml(text: string, options: { baseUrl?: string; nonet: boolean }): Libxmljs2Document;
}

interface Libxmljs2Document {
  rngValidate(grammar: Libxmljs2Document): boolean;
  validationErrors: EngineMessage[];
}

// A variable, as the package need not be there when this is compiled or bundled.
const PACKAGE = 'libxmljs2';

/** The engine for those who installed libxmljs2 themselves. Throws SchemaError where it is absent or cannot be loaded. */
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

// libxmljs2 compiles a grammar anew for every document, and offers no other way.
function verdictOf(library: Libxmljs2, grammar: Grammar, { text }: SchemaDocument): SchemaVerdict {
  try {
    const source = grammar.text ?? readFileSync(grammar.file ?? '', 'utf8');
    const baseUrl = grammar.file ?? join(grammar.directories.at(-1) ?? '/', 'generated.rng');
    const document = library.parseXml(text, { nonet: true });
    if (document.rngValidate(library.parseXml(source, { baseUrl, nonet: true }))) return { valid: true };
    return { valid: false, ...tellingMessage(document.validationErrors) };
  } catch (error) {
    return { valid: false, ...tellingMessage([error as Error]) };
  }
}
