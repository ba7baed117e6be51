import { dirname, join } from 'node:path';
import type { LintConfiguration } from '../../lint/configuration.js';
import { type FoundFile, statOf } from '../files/find-files.js';
import type { Io } from '../io.js';

/** Searched for in the directory of a file and its parents. */
export const CONFIGURATION_NAME = '.lint-domain.json';

export interface ConfigurationOptions {
  /** use this file instead of searching */
  config?: string | undefined;
  /** use no configuration */
  noConfig?: boolean | undefined;
}

/** The configuration of a file; undefined if it has none. */
export type Configurations = (file: FoundFile) => LintConfiguration | undefined;

/**
 * Finds and reads the configurations of files; each file has only the nearest one. The parser is loaded only if there
 * is a configuration.
 * @throws ToolError, with the position, if one is invalid; UnreadableError
 */
export async function openConfigurations(
  files: readonly FoundFile[],
  { config, noConfig }: ConfigurationOptions,
  io: Io,
): Promise<Configurations> {
  if (noConfig) return () => undefined;
  if (config !== undefined) {
    const { readNamedConfiguration } = await import('./read-configuration.js');
    const configuration = readNamedConfiguration(config);
    return () => configuration;
  }
  const nearest = new Map<string, string | undefined>();
  // standard input counts as a file in the current directory
  const paths = new Set(files.map(({ absolute }) => nearestTo(dirname(absolute), nearest)));
  paths.delete(undefined);
  if (paths.size === 0) return () => undefined;
  const { readFoundConfiguration } = await import('./read-configuration.js');
  const read = new Map([...paths].map((path) => [path, readFoundConfiguration(path as string, io)]));
  return ({ absolute }) => read.get(nearest.get(dirname(absolute)));
}

/**
 * The path of the configuration for a directory.
 * @param known the results so far, by directory
 */
function nearestTo(folder: string, known: Map<string, string | undefined>): string | undefined {
  if (known.has(folder)) return known.get(folder);
  const path = join(folder, CONFIGURATION_NAME);
  const parent = dirname(folder);
  const found = statOf(path) ? path : parent === folder ? undefined : nearestTo(parent, known);
  known.set(folder, found);
  return found;
}
