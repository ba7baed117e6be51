import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Texts of packages that npm publishes without a licence file, from their repositories. */
const FROM_REPOSITORY = { saxes: 'scripts/licences/saxes.txt' };

/** Name, version, SPDX identifier and licence text of the package in a folder. Throws if there is no text. */
export function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
  const paths = files.length > 0 ? files.map((file) => join(folder, file)) : [FROM_REPOSITORY[name] ?? []].flat();
  if (paths.length === 0) throw new Error(`${folder} has no licence file: add its licence to scripts/licences.mjs`);
  return {
    name,
    version,
    license,
    text: paths.map((path) => readFileSync(path, 'utf8').replace(/\r\n/g, '\n').trimEnd()).join('\n\n'),
  };
}

/** Folders of the packages with code in what esbuild made. */
export function bundledFolders(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const folders = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** One file with the licences of all these packages. */
export function licencesText(folders) {
  const sections = folders.map((folder) => {
    const { name, version, license, text } = licenceOf(folder);
    return `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`;
  });
  return `The programs in this directory contain code of these packages.\n\n${sections.join('\n')}`;
}
