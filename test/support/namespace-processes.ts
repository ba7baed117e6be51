import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The mount namespace of a private libvirtd, by its `directory`. */
export function namespaceOf(directory: string): string {
  return readlinkSync(`${directory.replace(/root$/, '')}ns/mnt`);
}

/** The names of the processes in a mount namespace. */
export function processesIn(namespace: string): string[] {
  const numbers = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return numbers.flatMap((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`) === namespace
        ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()]
        : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
