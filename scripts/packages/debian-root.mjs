import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEBIAN_MIRROR } from '../debian.mjs';

const NAMES = { 12: 'bookworm', 13: 'trixie' };
const ROOTS = 'node_modules/.cache/hostdev-cpuset';

export const RELEASES = Object.keys(NAMES);

/**
 * The root of a Debian system with these packages, in which no service starts by itself. It is made once. Run from the
 * project's directory, as root, with mmdebstrap.
 * @param {string} suffix distinguishes roots of a release that have other packages
 */
export function debianRoot(release, packages, suffix = '') {
  const root = resolve(ROOTS, `debian-${release}${suffix}`);
  if (existsSync(root)) return root;
  console.log(`making Debian ${release} with mmdebstrap`);
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(ROOTS, { recursive: true });
  const words = ['--quiet', '--mode=root', '--variant=minbase', `--include=${packages}`, NAMES[release], unfinished];
  execFileSync('mmdebstrap', [...words, DEBIAN_MIRROR], { stdio: ['ignore', 'ignore', 'inherit'] });
  const forbid = { mode: 0o755 };
  writeFileSync(`${unfinished}/usr/sbin/policy-rc.d`, '#!/bin/sh\nexit 101\n', forbid);
  renameSync(unfinished, root);
  return root;
}
