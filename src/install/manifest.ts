import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { POLICY_FOLDER } from '../runtime/irqbalance-device-list.js';
import { findRngDirectory } from '../schema/package-root.js';
import type { ManagedFile } from './managed-file.js';

/** The parts that --no-PART leaves out. */
export const PARTS = ['hook', 'service', 'irqbalance'] as const;
export type Part = (typeof PARTS)[number];

export interface Programs {
  /** paths of Node and of the built executable, checked by check-paths.ts */
  node: string;
  cli: string;
}

/** Where libvirt looks for hooks, unless it was built with another sysconfdir. */
export const HOOKS_DIRECTORY = '/etc/libvirt/hooks';

interface HookPaths {
  /**
   * what libvirt runs: a stub that never changes, because libvirt also runs the copies that package managers leave
   * beside it
   */
  stub: string;
  /** the stub for libvirt before 6.5, which has no qemu.d */
  single: string;
  /** what the stub runs; not in /usr, which may be read-only, because the file contains the path of this host's Node */
  script: string;
}

/** @param hooksDirectory where libvirt looks for hooks; if it is not in /etc, /etc may be read-only */
export function hookPaths(hooksDirectory: string): HookPaths {
  const folder = hooksDirectory === HOOKS_DIRECTORY ? '/etc/hostdev-cpuset' : `${hooksDirectory}/hostdev-cpuset`;
  return {
    stub: `${hooksDirectory}/qemu.d/hostdev-cpuset`,
    single: `${hooksDirectory}/qemu`,
    script: `${folder}/hook`,
  };
}

export interface Place {
  part: Part;
  path: string;
  mode: number;
  /** path in the package */
  source: string;
  /** the texts to replace for this host */
  replacements(programs: Programs): [from: string, to: string][];
}

const stubAt = (path: string, script: string): Place => ({
  part: 'hook',
  path,
  mode: 0o755,
  source: 'hook/stub',
  replacements: () => [['/usr/lib/hostdev-cpuset/hook', script]],
});

/** All files that install may write. */
export function placesOf(hooksDirectory: string): Place[] {
  const { stub, single, script } = hookPaths(hooksDirectory);
  return [scriptAt(script), stubAt(stub, script), stubAt(single, script), ...OTHER_PLACES];
}

/** Installed before the stub, which runs it. */
const scriptAt = (script: string): Place => ({
  part: 'hook',
  path: script,
  mode: 0o755,
  source: 'hook/qemu',
  replacements: ({ node, cli }) => [
    ["\nnode=''\n", `\nnode='${node}'\n`],
    ["\ncli=''\n", `\ncli='${cli}'\n`],
  ],
});

const OTHER_PLACES: readonly Place[] = [
  {
    part: 'service',
    path: '/etc/systemd/system/hostdev-cpuset.service',
    mode: 0o644,
    source: 'service/hostdev-cpuset.service',
    replacements: ({ node, cli }) => [['=/usr/bin/hostdev-cpuset ', `=${node} ${cli} `]],
  },
  {
    part: 'service',
    path: '/etc/tmpfiles.d/hostdev-cpuset.conf',
    mode: 0o644,
    source: 'service/tmpfiles.conf',
    replacements: () => [],
  },
  {
    part: 'irqbalance',
    path: `${POLICY_FOLDER}/hostdev-cpuset`,
    mode: 0o755,
    source: 'service/irqbalance-policy',
    replacements: () => [],
  },
  {
    part: 'irqbalance',
    path: '/etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf',
    mode: 0o644,
    source: 'service/irqbalance.conf',
    replacements: () => [['/usr/lib/hostdev-cpuset/irqbalance.d', POLICY_FOLDER]],
  },
];

/** A file of a part. */
export interface PartFile extends ManagedFile {
  part: Part;
}

/**
 * The files of some parts, for this host.
 * @param unused the stub that this libvirt does not run
 */
export function managedFiles(
  parts: ReadonlySet<Part>,
  hooksDirectory: string,
  unused: string,
  programs: Programs,
): PartFile[] {
  const places = placesOf(hooksDirectory).filter(({ part, path }) => parts.has(part) && path !== unused);
  return places.map(({ part, path, mode, source, replacements }) => {
    let text = readFileSync(join(dirname(findRngDirectory()), source), 'utf8');
    for (const [from, to] of replacements(programs)) {
      if (!text.includes(from)) throw new Error(`${source} does not contain ${from.trim()}`);
      text = text.replace(from, () => to);
    }
    return { part, path, mode, text };
  });
}
