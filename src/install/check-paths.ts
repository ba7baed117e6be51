import { dirname } from 'node:path';
import { type Programs, placesOf } from './manifest.js';
import { untrustedCode } from './root-code.js';
import { RootOnly } from './root-only.js';

/** Directories that the service cannot see (ProtectHome, PrivateTmp), or that are emptied at a reboot. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp|dev\/shm)\//;

/** Why a path cannot be written into a unit and a shell script without quoting: one line. Undefined: it can be. */
export function unusablePath(path: string): string | undefined {
  if (/^\/[\w@+.,/-]+$/.test(path)) return undefined;
  return `${JSON.stringify(path)} cannot be written into a unit and a script: only letters, digits and _@+.,/- are supported`;
}

/** Why a service of this host cannot run a program at this path: one line. Undefined: it can. */
export function hiddenProgram(path: string): string | undefined {
  if (!HIDDEN.test(path)) return undefined;
  return `a service cannot see ${HIDDEN.exec(path)?.[0]}: ${path} must be elsewhere (run npm pack, and as root npm install --global with the tarball)`;
}

/** Why these programs cannot be used: one line. @param isThisHost false: they are for an image below a prefix */
export function problemOf(programs: Programs, isThisHost: boolean, hooksDirectory: string): string | undefined {
  const { node, cli } = programs;
  const unusable = unusablePath(node) ?? unusablePath(cli);
  if (unusable || !isThisHost) return unusable;
  return hiddenProgram(node) ?? hiddenProgram(cli) ?? untrustedProblem(programs, hooksDirectory);
}

/** Only root may have write access to the code that root runs, and to the directory where it is installed. */
function untrustedProblem(programs: Programs, hooksDirectory: string): string | undefined {
  const check = new RootOnly();
  const code = untrustedCode(programs, check);
  if (code) return `root would run code that other users can write to: ${code.path} (${code.reason})`;
  for (const { path } of placesOf(hooksDirectory)) {
    const directory = check.onPath(dirname(path));
    if (directory) return `other users can write to the directory of ${path}: ${directory.path} (${directory.reason})`;
  }
  return undefined;
}
