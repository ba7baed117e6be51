import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SchemaError } from '../schema/schema-error.js';

/**
 * The package's rng/ folder. This module runs from src/schema/, from dist/schema/ and from a bundle in dist/bin/,
 * so the folder is looked for upwards. Throws SchemaError where the package is incomplete.
 */
export function findRngDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'rng', 'domain.rng'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new SchemaError('rng/domain.rng is missing: install hostdev-cpuset again');
    directory = parent;
  }
  return join(directory, 'rng');
}
