import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ToolError } from '../lib/errors.js';

/**
 * The package's rng/ directory, searched upwards from here: this module runs from src/schema/ and from a bundle in
 * dist/bin/.
 * @throws ToolError if the package is incomplete
 */
export function findRngDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'rng', 'domain.rng'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new ToolError('rng/domain.rng is missing: install hostdev-cpuset again');
    directory = parent;
  }
  return join(directory, 'rng');
}
