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

/** What libvirt runs: a stub that never changes, because libvirt also runs copies that package managers leave beside it. */
export const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
/** The stub for libvirt before 6.5, which has no qemu.d. */
export const SINGLE_HOOK = '/etc/libvirt/hooks/qemu';
/** What the stub runs. In /etc, because it has the path of this host's Node, and /usr may be read-only. */
export const HOOK_SCRIPT = '/etc/hostdev-cpuset/hook';

interface Place {
  part: Part;
  path: string;
  mode: number;
  /** path in the package */
  source: string;
  /** the texts to replace for this host */
  replacements(programs: Programs): [from: string, to: string][];
}

const stubAt = (path: string): Place => ({
  part: 'hook',
  path,
  mode: 0o755,
  source: 'hook/stub',
  replacements: () => [['/usr/lib/hostdev-cpuset/hook', HOOK_SCRIPT]],
});

/** All files that install may write. */
export const PLACES: readonly Place[] = [
  // before the stub, which runs it
  {
    part: 'hook',
    path: HOOK_SCRIPT,
    mode: 0o755,
    source: 'hook/qemu',
    replacements: ({ node, cli }) => [
      ["\nnode=''\n", `\nnode='${node}'\n`],
      ["\ncli=''\n", `\ncli='${cli}'\n`],
    ],
  },
  stubAt(HOOK),
  stubAt(SINGLE_HOOK),
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

/** The files of some parts, for this host. @param stub HOOK or SINGLE_HOOK, whichever this libvirt runs */
export function managedFiles(parts: ReadonlySet<Part>, stub: string, programs: Programs): ManagedFile[] {
  const other = stub === HOOK ? SINGLE_HOOK : HOOK;
  const places = PLACES.filter(({ part, path }) => parts.has(part) && path !== other);
  return places.map(({ path, mode, source, replacements }) => {
    let text = readFileSync(join(dirname(findRngDirectory()), source), 'utf8');
    for (const [from, to] of replacements(programs)) {
      if (!text.includes(from)) throw new Error(`${source} does not contain ${from.trim()}`);
      text = text.replace(from, () => to);
    }
    return { path, mode, text };
  });
}
