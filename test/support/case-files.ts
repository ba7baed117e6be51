import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

/** With UPDATE_CASES=1 the expected files are written anew, to be read in the diff. */
const updating = process.env.UPDATE_CASES === '1';

export interface CaseFile {
  /** the file's name up to the suffix */
  name: string;
  text: string;
  /** the path of a file of the same case */
  path(suffix: string): string;
}

/** The cases of a folder beside the test: every file whose name ends in `suffix`. Throws where there is none. */
export function caseFiles(folder: string, suffix: string): CaseFile[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(suffix))
    .sort();
  if (files.length === 0) throw new Error(`no ${suffix} in ${folder}`);
  return files.map((file) => {
    const name = file.slice(0, -suffix.length);
    return { name, text: readFileSync(join(folder, file), 'utf8'), path: (other) => join(folder, `${name}${other}`) };
  });
}

export function folderBeside(moduleUrl: string, name: string): string {
  return fileURLToPath(new URL(name, moduleUrl));
}

/** Compares with the file of the expected text, to the byte. */
export function matchesFile(actual: string, path: string): void {
  if (updating) writeFileSync(path, actual);
  assert.ok(existsSync(path), `${path} is missing: UPDATE_CASES=1 writes it`);
  assert.is(actual, readFileSync(path, 'utf8'));
}
