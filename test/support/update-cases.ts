import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';

/** UPDATE_CASES=1: expected outputs in cases, files and documentation are written again, for review in the diff. */
export const updating = process.env.UPDATE_CASES === '1';

/** Asserts that a file has exactly this text. */
export function expectFile(actual: string, path: string): void {
  if (updating) writeFileSync(path, actual);
  assert.ok(existsSync(path), `${path} is missing: UPDATE_CASES=1 writes it`);
  assert.fixture(actual, readFileSync(path, 'utf8'), path);
}
