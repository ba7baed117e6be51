import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { directoryProblem } from '../lib/directory-problem.js';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { findRngDirectory } from './package-root.js';
import { SchemaError } from './schema-error.js';
import type { Environment } from './verdict.js';

/** The grammar to validate with: either a `file` on disk, or the whole `text`. */
export interface Grammar {
  kind: 'libvirt' | 'builtin';
  file?: string;
  text?: string;
  /** directories from which the grammar may include files */
  directories: string[];
  /** the part that is not checked, for messages; only with kind builtin */
  note?: string;
}

export interface GrammarOptions {
  /** --schemas: a directory with libvirt's domain.rng */
  schemas?: string | undefined;
  env: Environment;
  rngDirectory?: string;
  /** directories that are searched if none is named */
  defaultFolders?: readonly string[];
}

/** rng/domain.rng includes the schema in this directory, so it can be used directly. */
const USUAL_FOLDER = '/usr/share/libvirt/schemas';

const DEFAULT_FOLDERS = [
  USUAL_FOLDER,
  '/usr/local/share/libvirt/schemas',
  '/opt/homebrew/share/libvirt/schemas',
  '/opt/local/share/libvirt/schemas',
  '/usr/pkg/share/libvirt/schemas',
  '/run/current-system/sw/share/libvirt/schemas',
];

const BUILTIN_NOTE =
  "libvirt's schemas were not found: only host devices, interfaces and their policies were checked " +
  '(install libvirt, or name the directory of domain.rng with --schemas)';

/**
 * libvirt's grammar with the extension: from `schemas`, otherwise $LIBVIRT_SCHEMAS, otherwise a default directory,
 * otherwise the built-in grammar with a note.
 * @throws SchemaError if a named directory has no domain.rng
 */
export function findGrammar(options: GrammarOptions): Grammar {
  const rng = options.rngDirectory ?? findRngDirectory();
  const named = options.schemas ?? (options.env.LIBVIRT_SCHEMAS || undefined);
  if (named !== undefined) {
    const directory = resolve(named);
    const origin = options.schemas === undefined ? '$LIBVIRT_SCHEMAS' : '--schemas';
    const problem = directoryProblem(directory);
    if (problem !== undefined) throw new SchemaError(`${origin}: ${directory}: ${problem}`);
    if (!hasDomainGrammar(directory)) throw new SchemaError(`${origin}: no domain.rng in ${directory}`);
    const notAFile = irregularGrammars(directory)[0];
    if (notAFile !== undefined) throw new SchemaError(`${join(directory, notAFile)} is not a regular file`);
    return libvirtGrammar(directory, rng);
  }
  const folder = (options.defaultFolders ?? DEFAULT_FOLDERS).find(hasDomainGrammar);
  if (folder !== undefined) return libvirtGrammar(folder, rng);
  return { kind: 'builtin', ...asFile(join(rng, 'builtin.rng')), directories: [rng], note: BUILTIN_NOTE };
}

const hasDomainGrammar = (directory: string) => isRegularFile(join(directory, 'domain.rng')) ?? false;

/** Undefined if it does not exist. */
function isRegularFile(path: string): boolean | undefined {
  try {
    return statSync(path).isFile();
  } catch (error) {
    // statSync's option throwIfNoEntry ignores ENOENT only
    return isAbsent(errnoOf(error)) ? undefined : false;
  }
}

/** Grammars that are not regular files: reading a FIFO or a device could block forever. */
function irregularGrammars(directory: string): string[] {
  const isIrregular = (name: string) => isRegularFile(join(directory, name)) === false;
  return readdirSync(directory).filter((name) => name.endsWith('.rng') && isIrregular(name));
}

function libvirtGrammar(directory: string, rng: string): Grammar {
  const source =
    directory === USUAL_FOLDER
      ? asFile(join(rng, 'domain.rng'))
      : { text: includeAll(join(directory, 'domain.rng'), join(rng, 'hostdev-cpuset.rng')) };
  return { kind: 'libvirt', ...source, directories: [directory, rng] };
}

// libxml2 interprets the file name of a grammar as a URL, so only a name without special characters is used directly
function asFile(file: string): { file: string } | { text: string } {
  return /^\/[\w/.+@-]*$/.test(file) ? { file } : { text: includeAll(file) };
}

/** A grammar that only includes these files. Percent-encoding allows any file name. */
export function includeAll(...files: string[]): string {
  const includes = files.map((file) => `<include href="${pathToFileURL(file).href.replaceAll('&', '&amp;')}"/>`);
  return `<grammar xmlns="http://relaxng.org/ns/structure/1.0">${includes.join('')}</grammar>\n`;
}
