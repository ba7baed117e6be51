import { dirname } from 'node:path';
import { PLACES, type Programs } from './manifest.js';
import { untrustedCode } from './root-code.js';
import { RootOnly } from './root-only.js';

/** Folders that the service does not see (ProtectHome, PrivateTmp), or that do not last. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp|dev\/shm)\//;

/** Why a path cannot be written into a unit and a shell script as it is: one line. Undefined: it can. */
export function unusablePath(path: string): string | undefined {
  if (/^\/[\w@+.,/-]+$/.test(path)) return undefined;
  return `${JSON.stringify(path)} cannot be written into a unit and a script: letters, digits and _@+.,/- only`;
}

/** Why a service of this host cannot run it: one line. Undefined: nothing against it. */
export function hiddenProgram(path: string): string | undefined {
  if (!HIDDEN.test(path)) return undefined;
  return `a service sees nothing in ${HIDDEN.exec(path)?.[0]}: ${path} has to be elsewhere (npm pack, and as root npm install --global of the tarball)`;
}

/** The first thing that is wrong with them. `here`: they are those of this host, not of an image below a prefix. */
export function problemOf(programs: Programs, here: boolean): string | undefined {
  const { node, cli } = programs;
  const unusable = unusablePath(node) ?? unusablePath(cli);
  if (unusable || !here) return unusable;
  return hiddenProgram(node) ?? hiddenProgram(cli) ?? untrustedProblem(programs);
}

/** What root runs, and where it is put, must be root's: else whoever may write there is root. */
function untrustedProblem(programs: Programs): string | undefined {
  const check = new RootOnly();
  const code = untrustedCode(programs, check);
  if (code) return `root would run what others than root may write to: ${code.path} (${code.reason})`;
  for (const { path } of PLACES) {
    const folder = check.onPath(dirname(path));
    if (folder) return `${path} would be where others than root may write to: ${folder.path} (${folder.reason})`;
  }
  return undefined;
}
