import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findRngDirectory } from '../schema/package-root.js';

/** The package's version, from its package.json. */
export const version: string = JSON.parse(
  readFileSync(join(dirname(findRngDirectory()), 'package.json'), 'utf8'),
).version;
