import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './cli.js';

export type Sample = { file: string; path: string; text: string };

/** The good samples: every XML file directly in samples/. */
export function goodSamples(): Sample[] {
  const folder = join(projectRoot, 'samples');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.xml'))
    .sort()
    .map((file) => ({ file, path: join(folder, file), text: readFileSync(join(folder, file), 'utf8') }));
}
