import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findRngDirectory } from './package-root.js';
import { SchemaError } from './schema-error.js';
import type { Environment } from './verdict.js';

/** The grammar to validate with: `file` is used as it is on disk, else `text` is the whole grammar. */
export interface Grammar {
  kind: 'libvirt' | 'builtin';
  file?: string;
  text?: string;
  /** Folders from which the grammar may include. */
  directories: string[];
  /** What was not checked, for people; only where kind is builtin. */
  note?: string;
}

export interface GrammarOptions {
  /** --schemas: a folder that holds libvirt's domain.rng. */
  schemas?: string | undefined;
  env: Environment;
  rngDirectory?: string;
  /** Where libvirt's schemas are looked for when nobody says where. */
  usualPlaces?: readonly string[];
}

/** rng/domain.rng names this one, so there it is usable without a wrapper. */
const DEFAULT_PLACE = '/usr/share/libvirt/schemas';

const USUAL_PLACES = [
  DEFAULT_PLACE,
  '/usr/local/share/libvirt/schemas',
  '/opt/homebrew/share/libvirt/schemas',
  '/opt/local/share/libvirt/schemas',
  '/usr/pkg/share/libvirt/schemas',
  '/run/current-system/sw/share/libvirt/schemas',
];

const BUILTIN_NOTE =
  "libvirt's schemas were not found: only host devices, interfaces and their policies were checked " +
  '(install libvirt, or name the folder of domain.rng with --schemas)';

/**
 * libvirt's grammar with the extension: from `schemas`, else $LIBVIRT_SCHEMAS, else the usual places, else the built-in
 * one with a note. Throws SchemaError where a folder that was named has no domain.rng.
 */
export function findGrammar(options: GrammarOptions): Grammar {
  const rng = options.rngDirectory ?? findRngDirectory();
  const named = options.schemas ?? (options.env.LIBVIRT_SCHEMAS || undefined);
  if (named !== undefined) {
    const directory = resolve(named);
    if (!hasDomainGrammar(directory)) {
      const origin = options.schemas === undefined ? '$LIBVIRT_SCHEMAS' : '--schemas';
      throw new SchemaError(`${origin}: no domain.rng in ${directory}`);
    }
    const odd = entriesBesideFiles(directory)[0];
    if (odd !== undefined) throw new SchemaError(`${join(directory, odd)} is not a file`);
    return libvirtGrammar(directory, rng);
  }
  const place = (options.usualPlaces ?? USUAL_PLACES).find(hasDomainGrammar);
  if (place !== undefined) return libvirtGrammar(place, rng);
  return { kind: 'builtin', ...asFile(join(rng, 'builtin.rng')), directories: [rng], note: BUILTIN_NOTE };
}

function hasDomainGrammar(directory: string): boolean {
  // A file in the folder's place would throw, whatever throwIfNoEntry says.
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return false;
  return statSync(join(directory, 'domain.rng'), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** A FIFO, or a device, among the grammars would be waited for without an end. */
function entriesBesideFiles(directory: string): string[] {
  const isFile = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() ?? true;
  return readdirSync(directory).filter((name) => name.endsWith('.rng') && !isFile(name));
}

function libvirtGrammar(directory: string, rng: string): Grammar {
  const source =
    directory === DEFAULT_PLACE
      ? asFile(join(rng, 'domain.rng'))
      : { text: includeAll(join(directory, 'domain.rng'), join(rng, 'hostdev-cpuset.rng')) };
  return { kind: 'libvirt', ...source, directories: [directory, rng] };
}

// libxml2 takes a grammar's file name for a URL, so only a name that means the same as a URL is used directly.
function asFile(file: string): { file: string } | { text: string } {
  return /^\/[\w/.+@-]*$/.test(file) ? { file } : { text: includeAll(file) };
}

/** A grammar that includes these files and says nothing itself. Percent-encoding covers any name a folder can have. */
export function includeAll(...files: string[]): string {
  const includes = files.map((file) => `<include href="${pathToFileURL(file).href.replaceAll('&', '&amp;')}"/>`);
  return `<grammar xmlns="http://relaxng.org/ns/structure/1.0">${includes.join('')}</grammar>\n`;
}
