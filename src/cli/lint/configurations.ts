import { dirname, join } from 'node:path';
import type { LintConfiguration } from '../../lint/configuration.js';
import { type FoundFile, statOf } from '../files/find-files.js';
import type { Io } from '../io.js';

/** Looked for in the folder of a file, and upwards from there. */
export const CONFIGURATION_NAME = '.lint-domain.json';

export interface ConfigurationOptions {
  /** the file to take, in place of those that are found */
  config?: string | undefined;
  /** look for none */
  noConfig?: boolean | undefined;
}

/** The configuration of each file; undefined where it has none. */
export type Configurations = (file: FoundFile) => LintConfiguration | undefined;

/**
 * Finds and reads the configurations of files. The nearest one counts, alone. What reads them is loaded only where there is one.
 * @throws ToolError, with the place, where one is wrong; UnreadableError
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
  // standard input has the name of a file in the current folder
  const paths = new Set(files.map(({ absolute }) => nearestTo(dirname(absolute), nearest)));
  paths.delete(undefined);
  if (paths.size === 0) return () => undefined;
  const { readFoundConfiguration } = await import('./read-configuration.js');
  const read = new Map([...paths].map((path) => [path, readFoundConfiguration(path as string, io)]));
  return ({ absolute }) => read.get(nearest.get(dirname(absolute)));
}

/** The path of the configuration of a folder; `known` are the folders that were asked about before. */
function nearestTo(folder: string, known: Map<string, string | undefined>): string | undefined {
  if (known.has(folder)) return known.get(folder);
  const path = join(folder, CONFIGURATION_NAME);
  const parent = dirname(folder);
  const found = statOf(path) ? path : parent === folder ? undefined : nearestTo(parent, known);
  known.set(folder, found);
  return found;
}
