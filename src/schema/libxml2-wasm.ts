import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ErrorDetail } from 'libxml2-wasm';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import {
  type EngineMessage,
  mostSpecificMessage,
  type SchemaDocument,
  type SchemaVerdict,
  type Validator,
} from './verdict.js';

type Library = typeof import('libxml2-wasm');

/** A grammar compiled in this process. */
export interface CompiledGrammar extends Validator {
  validateText(text: string): SchemaVerdict;
}

let library: Promise<Library> | undefined;
// directories that the library may read from. Its input provider is global; except during a compilation there are none,
// so documents cannot include files
let readableFolders: readonly string[] = [];

/**
 * Compiles the grammar (some 30 ms for libvirt's); close() frees its memory.
 * @throws SchemaError if the grammar does not compile
 */
export async function openLibxml2Wasm(grammar: Grammar): Promise<CompiledGrammar> {
  library ??= load();
  return compile(await library, grammar);
}

async function load(): Promise<Library> {
  const loaded = await import('libxml2-wasm');
  loaded.xmlRegisterInputProvider(new SchemaFiles());
  return loaded;
}

function compile(lib: Library, grammar: Grammar): CompiledGrammar {
  const text = grammar.text ?? readFileSync(grammar.file ?? '', 'utf8');
  const url = pathToFileURL(grammar.file ?? join(grammar.directories.at(-1) ?? '/', 'generated.rng')).href;
  const options = { option: lib.ParseOption.XML_PARSE_NONET | lib.ParseOption.XML_PARSE_NO_XXE };
  readableFolders = grammar.directories;
  try {
    // not NO_XXE, which forbids the grammar's own includes; SchemaFiles restricts them to the grammar's directories
    const source = lib.XmlDocument.fromString(text, { url, option: lib.ParseOption.XML_PARSE_NONET });
    try {
      const validator = lib.RelaxNGValidator.fromDoc(source);
      const validateText = (document: string): SchemaVerdict => verdictOf(lib, validator, document, options);
      return {
        validateText,
        validate: async (documents) => documents.map((document: SchemaDocument) => validateText(document.text)),
        close: () => validator.dispose(),
      };
    } finally {
      source.dispose();
    }
  } catch (error) {
    if (!(error instanceof lib.XmlLibError)) throw error;
    throw new SchemaError(
      `the schema does not compile: ${mostSpecificMessage(error.details.map(located)).message ?? error.message}`,
    );
  } finally {
    readableFolders = [];
  }
}

function verdictOf(
  lib: Library,
  validator: InstanceType<Library['RelaxNGValidator']>,
  text: string,
  options: { option: number },
): SchemaVerdict {
  let document: InstanceType<Library['XmlDocument']> | undefined;
  try {
    document = parse(lib, text, options);
    validator.validate(document);
    return { valid: true };
  } catch (error) {
    if (!(error instanceof lib.XmlLibError)) throw new SchemaError(`libxml2 failed: ${(error as Error).message}`);
    return { valid: false, ...mostSpecificMessage(error.details.map(located)) };
  } finally {
    document?.dispose();
  }
}

/**
 * Only fatal errors are relevant, as for xmllint and libvirt. The library also throws for others, such as a duplicate
 * xml:id.
 */
function parse(lib: Library, text: string, { option }: { option: number }): InstanceType<Library['XmlDocument']> {
  try {
    return lib.XmlDocument.fromString(text, { option: option | lib.ParseOption.XML_PARSE_NOERROR });
  } catch (error) {
    if (!(error instanceof lib.XmlParseError)) throw error;
    // parsed again for the messages
    return lib.XmlDocument.fromString(text, { option });
  }
}

// line 0 means that the library does not know the line
function located({ message, line }: ErrorDetail): EngineMessage {
  return line > 0 ? { message, line } : { message };
}

/** Input provider for the includes of a grammar: serves only files in the grammar's directories. */
class SchemaFiles {
  readonly #open = new Map<number, { bytes: Buffer; position: number }>();
  #next = 1;

  match(name: string): boolean {
    return fileIn(readableFolders, name) !== undefined;
  }

  open(name: string): number | undefined {
    const file = fileIn(readableFolders, name);
    if (file === undefined) return undefined;
    const handle = this.#next++;
    this.#open.set(handle, { bytes: readFileSync(file), position: 0 });
    return handle;
  }

  read(handle: number, target: Uint8Array): number {
    const file = this.#open.get(handle);
    if (file === undefined) return -1;
    const part = file.bytes.subarray(file.position, file.position + target.length);
    target.set(part);
    file.position += part.length;
    return part.length;
  }

  close(handle: number): boolean {
    return this.#open.delete(handle);
  }
}

function fileIn(directories: readonly string[], name: string): string | undefined {
  try {
    const file = name.startsWith('file:') ? fileURLToPath(name) : name;
    const folder = realpathSync(dirname(file)) + sep;
    if (!statSync(file).isFile()) return undefined;
    return directories.some((directory) => folder.startsWith(realpathSync(directory) + sep)) ? file : undefined;
  } catch {
    return undefined;
  }
}
