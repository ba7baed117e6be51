import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSettings } from '../../src/enforce/settings.js';
import { InputError } from '../../src/xml/input-error.js';
import { LineIndex } from '../../src/xml/position.js';
import { caseFiles, folderBeside } from '../support/case-files.js';
import { projectRoot } from '../support/cli.js';

const settings = suite('settings');
const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/config.schema.json'), 'utf8'));
const validate = new Ajv2020().compile(schema);

function faultOf(text: string): { line: number; column: number; message: string; hint?: string } {
  try {
    parseSettings(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message, offset, hint } = error;
    return { ...new LineIndex(text).at(offset), message, ...(hint === undefined ? {} : { hint }) };
  }
  throw new Error('nothing was found');
}

function takenBySchema(text: string): boolean {
  try {
    return validate(JSON.parse(text)) === true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

for (const { name, text, path } of caseFiles(folderBeside(import.meta.url, 'cases/settings'), '.json')) {
  settings(name, () => {
    const expected = JSON.parse(readFileSync(path('.expected'), 'utf8'));
    if ('settings' in expected) {
      assert.equal(parseSettings(text), expected.settings);
      assert.is(takenBySchema(text), true);
      assert.equal(parseSettings(`\ufeff${text}`), expected.settings, 'a byte order mark');
    } else {
      // `schema`: whether the JSON Schema takes it all the same, for there are things that it cannot say
      const { schema: taken, ...fault } = expected;
      assert.equal(faultOf(text), fault);
      assert.is(takenBySchema(text), taken);
    }
  });
}

settings('one reading never changes the next', () => {
  parseSettings('{"intervals":{"busy":50}}');
  assert.is(parseSettings('{}').intervals.busy, 100);
});

settings('depth is no crash', () => {
  for (const open of ['[', '{"a":']) {
    assert.match(faultOf(open.repeat(200_000)).message, /^nested too deeply$/);
  }
});

settings.run();
