import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findGrammar, includeAll } from '../../src/schema/grammar.js';
import { openLibxml2Wasm } from '../../src/schema/libxml2-wasm.js';
import { SchemaError } from '../../src/schema/schema-error.js';

const wasm = suite('libxml2-wasm');
let folder = '';
wasm.before.each(() => {
  folder = mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`);
});
wasm.after.each(() => rmSync(folder, { recursive: true }));

const RNG = 'xmlns="http://relaxng.org/ns/structure/1.0"';
const ANY = `<grammar ${RNG}><start><element name="a"><text/></element></start></grammar>`;

async function failure(text: string, directories: string[]): Promise<string> {
  try {
    (await openLibxml2Wasm({ kind: 'libvirt', text, directories })).close();
    return 'none';
  } catch (error) {
    assert.instance(error, SchemaError);
    return (error as SchemaError).message;
  }
}

wasm('a grammar can include files of its own directories only', async () => {
  mkdirSync(`${folder}/in`);
  mkdirSync(`${folder}/inside-out`);
  writeFileSync(`${folder}/in/a.rng`, ANY);
  writeFileSync(`${folder}/inside-out/a.rng`, ANY);
  symlinkSync(`${folder}/inside-out`, `${folder}/in/link`);
  const include = (path: string) => failure(includeAll(path), [`${folder}/in`]);
  assert.is(await include(`${folder}/in/a.rng`), 'none');
  assert.match(await include(`${folder}/inside-out/a.rng`), /^the schema does not compile: /);
  assert.match(await include(`${folder}/in/link/a.rng`), /^the schema does not compile: /);
  const http = `<grammar ${RNG}><include href="http://127.0.0.1/a.rng"/></grammar>`;
  assert.match(await failure(http, [`${folder}/in`]), /^the schema does not compile: /);
});

wasm('a document cannot read files', async () => {
  writeFileSync(`${folder}/secret`, 'secret');
  const grammar = await openLibxml2Wasm({ kind: 'libvirt', text: ANY, directories: [folder] });
  const entity = `<!DOCTYPE a [<!ENTITY e SYSTEM "file://${folder}/secret">]><a>&e;</a>`;
  assert.not.match(JSON.stringify(grammar.validateText(entity)), /"message":"[^"]*secret/);
  assert.is(grammar.validateText('<a>text</a>').valid, true);
  grammar.close();
});

wasm('an error has the line and the reason', async () => {
  const grammar = await openLibxml2Wasm(findGrammar({ env: {}, defaultFolders: [] }));
  assert.equal(grammar.validateText('<domain>\n<name>a</nome></domain>'), {
    valid: false,
    line: 2,
    message: 'Opening and ending tag mismatch: name line 2 and nome',
  });
  assert.is(grammar.validateText('').valid, false);
  assert.is(grammar.validateText('<network/>').message, 'Expecting element domain, got network');
  grammar.close();
});

wasm('no document stays in memory', async () => {
  const { diag } = await import('libxml2-wasm');
  diag.configure({ enabled: true });
  try {
    const grammar = await openLibxml2Wasm(findGrammar({ env: {}, defaultFolders: [] }));
    for (const text of ['<domain type="kvm"><name>a</name></domain>', '<domain/>', '<domain'])
      grammar.validateText(text);
    grammar.close();
    assert.is(diag.report().XmlDocument, undefined);
    assert.is(diag.report().RelaxNGValidator, undefined);
  } finally {
    diag.configure({ enabled: false });
  }
});

wasm.run();
