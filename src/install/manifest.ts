import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { POLICY_FOLDER } from '../runtime/irqbalance-device-list.js';
import { findRngDirectory } from '../schema/package-root.js';
import type { ManagedFile } from './managed-file.js';

/** What can be left out. */
export const PARTS = ['hook', 'service', 'irqbalance'] as const;
export type Part = (typeof PARTS)[number];

export interface Programs {
  /** Node, and the built executable that it runs: paths that programs.ts has checked */
  node: string;
  cli: string;
}

/** What libvirt runs: a stub that never changes, for libvirt also runs copies that are left beside it. */
export const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
/** The stub for libvirt before 6.5, which knows no folder. */
export const SINGLE_HOOK = '/etc/libvirt/hooks/qemu';
/** What the stub runs. In /etc: it names this host's Node, and /usr may be read-only. */
export const HOOK_SCRIPT = '/etc/hostdev-cpuset/hook';

interface Place {
  part: Part;
  path: string;
  mode: number;
  /** in the package */
  source: string;
  /** what this host fills in */
  fill(programs: Programs): [text: string, by: string][];
}

const stubAt = (path: string): Place => ({
  part: 'hook',
  path,
  mode: 0o755,
  source: 'hook/stub',
  fill: () => [['/usr/lib/hostdev-cpuset/hook', HOOK_SCRIPT]],
});

/** Every file that an installation may have. */
export const PLACES: readonly Place[] = [
  // before the stub, which runs it
  {
    part: 'hook',
    path: HOOK_SCRIPT,
    mode: 0o755,
    source: 'hook/qemu',
    fill: ({ node, cli }) => [
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
    fill: ({ node, cli }) => [['=/usr/bin/hostdev-cpuset ', `=${node} ${cli} `]],
  },
  {
    part: 'service',
    path: '/etc/tmpfiles.d/hostdev-cpuset.conf',
    mode: 0o644,
    source: 'service/tmpfiles.conf',
    fill: () => [],
  },
  {
    part: 'irqbalance',
    path: `${POLICY_FOLDER}/hostdev-cpuset`,
    mode: 0o755,
    source: 'service/irqbalance-policy',
    fill: () => [],
  },
  {
    part: 'irqbalance',
    path: '/etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf',
    mode: 0o644,
    source: 'service/irqbalance.conf',
    fill: () => [['/usr/lib/hostdev-cpuset/irqbalance.d', POLICY_FOLDER]],
  },
];

/** The files of some parts as this host is to have them. `stub`: HOOK or SINGLE_HOOK, whichever this libvirt runs. */
export function hostFiles(parts: ReadonlySet<Part>, stub: string, programs: Programs): ManagedFile[] {
  const other = stub === HOOK ? SINGLE_HOOK : HOOK;
  const places = PLACES.filter(({ part, path }) => parts.has(part) && path !== other);
  return places.map(({ path, mode, source, fill }) => {
    let text = readFileSync(join(dirname(findRngDirectory()), source), 'utf8');
    for (const [from, to] of fill(programs)) {
      if (!text.includes(from)) throw new Error(`${source} has no place for ${to.trim()}`);
      text = text.replace(from, () => to);
    }
    return { path, mode, text };
  });
}
