import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSettings } from '../../src/affinity/settings.js';
import { InputError } from '../../src/lib/input-error.js';
import { LineIndex } from '../../src/xml/line-index.js';
import { pathBeside, readCases } from '../support/case-files.js';
import { projectRoot } from '../support/cli.js';

const settings = suite('settings');
const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/config.schema.json'), 'utf8'));
const validate = new Ajv2020().compile(schema);

function errorOf(text: string): { line: number; column: number; message: string; hint?: string } | undefined {
  try {
    parseSettings(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message, offset, hint } = error;
    return { ...new LineIndex(text).at(offset), message, ...(hint === undefined ? {} : { hint }) };
  }
}

function isAcceptedBySchema(text: string): boolean {
  try {
    return validate(JSON.parse(text)) === true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * The settings, or the place of the error. `schema`: whether the JSON Schema accepts the file nevertheless, as it
 * cannot express everything.
 */
function resultOf(text: string) {
  const error = errorOf(text);
  return error ? { ...error, schema: isAcceptedBySchema(text) } : { settings: parseSettings(text) };
}

for (const one of readCases(pathBeside(import.meta.url, 'cases/settings.txt'), ['expected'])) {
  settings(one.name, () => {
    const text = one.text();
    const result = resultOf(text);
    one.expectJson('expected', result);
    if (!('settings' in result)) return;
    assert.is(isAcceptedBySchema(text), true);
    assert.equal(parseSettings(`\ufeff${text}`), result.settings, 'a byte order mark');
  });
}

settings('parsing settings does not change the defaults', () => {
  parseSettings('{"intervals":{"busy":50}}');
  assert.is(parseSettings('{}').intervals.busy, 100);
});

settings('deeply nested JSON is an error, not a crash', () => {
  for (const open of ['[', '{"a":']) {
    assert.match(errorOf(open.repeat(200_000))?.message ?? '', /^nested too deeply$/);
  }
});

settings.run();
