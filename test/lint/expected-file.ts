import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as assert from 'uvu/assert';

/** With UPDATE_CASES=1 expected outputs are written anew, to be reviewed in the diff. */
export const updating = process.env.UPDATE_CASES === '1';

/** Asserts that a value is the one in a JSON file. */
export function matchesFile(value: unknown, file: string): void {
  if (updating) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
    return;
  }
  assert.ok(existsSync(file), `${file} is missing: UPDATE_CASES=1 writes it`);
  assert.equal(value, JSON.parse(readFileSync(file, 'utf8')), file);
}
