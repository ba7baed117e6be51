import { statBelow } from './prefix.js';

/** In systemd's order of precedence. */
const UNIT_DIRECTORIES = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

/** The path of a unit's file, without the prefix; undefined if it is not installed, or masked. */
export function findUnit(name: string, prefix: string): string | undefined {
  for (const directory of UNIT_DIRECTORIES) {
    const path = `${directory}/${name}`;
    const stat = statBelow(path, prefix);
    // a masked unit is a link to /dev/null
    if (stat) return stat.isFile() ? path : undefined;
  }
  return undefined;
}

/**
 * The daemon that starts guests: the one that runs, otherwise the one whose socket is enabled, otherwise the installed
 * one.
 */
export function libvirtDaemon(prefix: string): 'libvirtd' | 'virtqemud' {
  const isSeen = (path: string) => statBelow(path, prefix) !== undefined;
  for (const isIt of [
    (name: string) => isSeen(`/run/${name}.pid`),
    (name: string) => isSeen(`/etc/systemd/system/sockets.target.wants/${name}.socket`),
    (name: string) => findUnit(`${name}.service`, prefix) !== undefined,
  ]) {
    const [libvirtd, virtqemud] = [isIt('libvirtd'), isIt('virtqemud')];
    if (libvirtd !== virtqemud) return virtqemud ? 'virtqemud' : 'libvirtd';
  }
  return 'libvirtd';
}
