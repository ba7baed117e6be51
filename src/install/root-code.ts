import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type OthersWritable, RootOnly } from './root-only.js';

/** systemd's PATH of services (systemd.exec(5)). The hook uses some of these directories. */
const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Programs that the hook, the service and its drop-ins start by name. */
export const PROGRAMS: readonly string[] = [
  ...['flock', 'grep', 'head', 'kill', 'logger', 'mkdir', 'mv', 'rm', 'sed', 'setpriv', 'setsid', 'sh'],
  ...['systemd-notify', 'systemd-run', 'timeout', 'tr', 'true', 'virsh', 'xmllint'],
];

/** Code that root will run. */
export interface RootCode {
  node: string;
  /** the built executable, links resolved */
  cli: string;
}

/**
 * The first file or directory that other users can write to among the code that root will run: Node, the package and
 * its dependencies, and the programs that the hook and the service start.
 * @throws the system's error if one cannot be examined
 */
export function untrustedCode({ node, cli }: RootCode, check = new RootOnly()): OthersWritable | undefined {
  return check.onPath(node) ?? check.onPath(cli) ?? untrustedPackage(packageOf(cli), check) ?? untrustedPrograms(check);
}

/** The directory of the nearest package.json, as Node finds it. */
function packageOf(file: string): string {
  return parentDirectories(file).find((folder) => existsSync(join(folder, 'package.json'))) ?? dirname(file);
}

function untrustedPackage(folder: string, check: RootOnly, seen = new Set<string>()): OthersWritable | undefined {
  if (seen.has(folder)) return undefined;
  seen.add(folder);
  const found = check.below(folder);
  if (found) return found;
  const places = parentDirectories(join(folder, 'x')).map((above) => join(above, 'node_modules'));
  // a package that is missing could be added to any of these directories
  for (const place of places) {
    const planted = check.onPath(place);
    if (planted) return planted;
  }
  for (const name of dependenciesOf(folder)) {
    const place = places.find((path) => existsSync(join(path, name)));
    const inside = place && untrustedPackage(join(place, name), check, seen);
    if (inside) return inside;
  }
  return undefined;
}

function dependenciesOf(folder: string): string[] {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return [];
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

function untrustedPrograms(check: RootOnly): OthersWritable | undefined {
  for (const folder of SEARCH_PATH) {
    const found = check.onPath(folder);
    if (found) return found;
    for (const name of PROGRAMS) {
      const program = check.onPath(join(folder, name));
      if (program) return program;
    }
  }
  return undefined;
}

function parentDirectories(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...parentDirectories(above)];
}
