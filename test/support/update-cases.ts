import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';

/** UPDATE_CASES=1: what is expected is written anew, in cases, files and documentation, to be reviewed in the diff. */
export const updating = process.env.UPDATE_CASES === '1';

/** Asserts that a text is, to the byte, what a file has. */
export function expectFile(actual: string, path: string): void {
  if (updating) writeFileSync(path, actual);
  assert.ok(existsSync(path), `${path} is missing: UPDATE_CASES=1 writes it`);
  assert.fixture(actual, readFileSync(path, 'utf8'), path);
}
