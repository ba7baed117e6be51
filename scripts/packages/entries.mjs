import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** All entries with their paths. Does not follow symbolic links; readdir's own recursion does from Node 22 on. */
function entriesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return [{ entry, path }, ...(entry.isDirectory() ? entriesBelow(path) : [])];
  });
}

const pathsOf = (entries, isWanted) =>
  entries
    .filter(({ entry }) => isWanted(entry))
    .map(({ path }) => path)
    .sort();

export const filesBelow = (folder) => pathsOf(entriesBelow(folder), (entry) => entry.isFile());
export const linksBelow = (folder) => pathsOf(entriesBelow(folder), (entry) => entry.isSymbolicLink());
export const foldersBelow = (folder) => [folder, ...pathsOf(entriesBelow(folder), (entry) => entry.isDirectory())];

/** Gives all files and directories the same modification time, in seconds. */
export function setTimes(folder, seconds) {
  for (const path of [...filesBelow(folder), ...foldersBelow(folder)]) utimesSync(path, seconds, seconds);
}
