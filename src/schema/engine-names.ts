import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SchemaError } from './schema-error.js';
import type { Environment } from './verdict.js';

export const ENGINE_NAMES = ['xmllint', 'libxml2-wasm', 'libxmljs2'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/**
 * The engine to use: `auto` is xmllint if it is in $PATH, otherwise libxml2-wasm.
 * @throws SchemaError for an unknown name, and for xmllint if it is not installed. openEngine loads the others
 */
export function chooseEngine(name: string, env: Environment): EngineName {
  if (name === 'auto') return isOnPath('xmllint', env) ? 'xmllint' : 'libxml2-wasm';
  const known = ENGINE_NAMES.find((engine) => engine === name);
  if (known === undefined) throw new SchemaError(`unknown engine "${name}"; known: auto, ${ENGINE_NAMES.join(', ')}`);
  if (known === 'xmllint' && !isOnPath(known, env)) {
    throw new SchemaError('xmllint was not found (Debian: libxml2-utils; Fedora: libxml2)');
  }
  return known;
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
