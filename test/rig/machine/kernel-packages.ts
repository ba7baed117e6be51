import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Architecture } from './architecture.js';
import { aptOptions } from './cache.js';

/**
 * The kernel packages of this Debian for an architecture, oldest first: the release's own and, if the same suites have
 * one, the newest of a newer series. Both are dependencies of metapackages: linux-image-amd64, linux-image-6.12-amd64.
 */
export async function kernelPackages(architecture: Architecture): Promise<string[]> {
  const packages = new Map<string, string>();
  let name = '';
  for (const line of (await askApt(architecture)).split('\n')) {
    const dependency = /^\s+Depends: (linux-image-\S+)/.exec(line)?.[1];
    if (dependency === undefined) name = line;
    else packages.set(name, dependency);
  }
  const sorted = [...packages.values()].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const own = packages.get(`linux-image-${architecture}`) ?? sorted[0];
  if (own === undefined) throw new Error(`apt-cache knows no linux-image-${architecture}: see /etc/apt/sources.list`);
  const newest = sorted.at(-1) as string;
  return newest === own ? [own] : [own, newest];
}

/**
 * One call for all packages, as each call parses all package lists if they are not cached. Prints each package with a
 * line per dependency.
 */
async function askApt(architecture: Architecture): Promise<string> {
  const pattern = `?name("^linux-image-([0-9]+[.][0-9]+-)?${architecture}$")`;
  const options = aptOptions(architecture);
  // the lists of this machine were updated for its own packages
  if (options.length > 0) await promisify(execFile)('apt-get', [...options, 'update', '-q']);
  try {
    return (await promisify(execFile)('apt-cache', [...options, 'depends', '--important', pattern])).stdout;
  } catch (error) {
    if ((error as { code?: unknown }).code === 100) return ''; // no such packages
    throw error;
  }
}
