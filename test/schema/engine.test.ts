import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseEngine } from '../../src/schema/engine-names.js';
import { SchemaError } from '../../src/schema/schema-error.js';

const engine = suite('chooseEngine');
let folder = '';
engine.before.each(() => {
  folder = mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`);
});
engine.after.each(() => rmSync(folder, { recursive: true }));

const isSchemaError = (message: RegExp) => (error: Error) =>
  error instanceof SchemaError && message.test(error.message);

engine('auto is xmllint if it is installed, otherwise the library', () => {
  const env = { PATH: `/nowhere::${folder}` };
  assert.is(chooseEngine('auto', env), 'libxml2-wasm');
  mkdirSync(`${folder}/xmllint`);
  assert.is(chooseEngine('auto', env), 'libxml2-wasm', 'a directory is not a program');
  rmSync(`${folder}/xmllint`, { recursive: true });
  writeFileSync(`${folder}/xmllint`, '');
  chmodSync(`${folder}/xmllint`, 0o755);
  assert.is(chooseEngine('auto', env), 'xmllint');
  assert.is(chooseEngine('auto', {}), 'libxml2-wasm');
});

engine('a named engine is used, or is an error', () => {
  assert.is(chooseEngine('libxml2-wasm', {}), 'libxml2-wasm');
  assert.is(chooseEngine('libxmljs2', {}), 'libxmljs2');
  assert.throws(() => chooseEngine('xmllint', { PATH: folder }), isSchemaError(/^xmllint was not found/));
  assert.throws(() => chooseEngine('jing', {}), isSchemaError(/^unknown engine "jing"; known: auto, xmllint, /));
});

engine.run();
