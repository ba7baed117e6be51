import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Programs } from './host-files.js';

/** Folders that the service does not see (ProtectHome, PrivateTmp), or that do not last. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp|dev\/shm)\//;

/** Why a path cannot be written into a unit and a shell script as it is: one line. Undefined: it can. */
export function unusablePath(path: string): string | undefined {
  if (/^\/[\w@+.,/-]+$/.test(path)) return undefined;
  return `${JSON.stringify(path)} cannot be written into a unit and a script: letters, digits and _@+.,/- only`;
}

/** Why root should not run it as a service of this host: one line. Undefined: nothing against it. */
export function unfitProgram(path: string): string | undefined {
  if (HIDDEN.test(path)) {
    return `a service sees nothing in ${HIDDEN.exec(path)?.[0]}: ${path} has to be elsewhere (npm pack, and as root npm install --global of the tarball)`;
  }
  for (const way of [path, realpathSync(path)]) {
    for (let at = way; at !== dirname(at); at = dirname(at)) {
      const { mode, uid } = statSync(at);
      if (uid !== 0 || (mode & 0o022) !== 0) return `root would run ${path}, but others than root may write to ${at}`;
    }
  }
  return undefined;
}

/** The first thing that is wrong with them. `here`: they are those of this host, not of an image below a prefix. */
export function problemOf({ node, cli }: Programs, here: boolean): string | undefined {
  return unusablePath(node) ?? unusablePath(cli) ?? (here ? (unfitProgram(node) ?? unfitProgram(cli)) : undefined);
}
