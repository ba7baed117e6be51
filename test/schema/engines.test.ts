import { dirname } from 'node:path';
import * as assert from 'uvu/assert';
import { openEngine } from '../../src/schema/engine.js';
import { findGrammar, type Grammar } from '../../src/schema/grammar.js';
import type { SchemaDocument } from '../../src/schema/verdict.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { casesOf } from './cases.js';

const folder = new TemporaryFolder();
process.once('exit', () => folder.remove());
/** As separate files, which an engine reads itself. */
const valid = documentsOf('valid');
const invalid = documentsOf('invalid');

function documentsOf(kind: 'valid' | 'invalid'): SchemaDocument[] {
  return casesOf(kind).map((one) => {
    const path = folder.write(`${kind}/${one.name}.xml`, one.bytes());
    return { name: one.name, path, text: one.text() };
  });
}

async function verdicts(engine: 'xmllint' | 'libxml2-wasm', grammar: Grammar, documents: SchemaDocument[]) {
  const validator = await openEngine(engine, grammar, process.env);
  try {
    return (await validator.validate(documents)).map((verdict, index) => `${documents[index]?.name} ${verdict.valid}`);
  } finally {
    validator.close();
  }
}

const expected = (cases: SchemaDocument[], verdict: boolean) => cases.map(({ name }) => `${name} ${verdict}`);
const asText = (cases: SchemaDocument[]) => cases.map(({ name, text }) => ({ name, text }));

const wasm = suiteWhere('libxml2-wasm and the built-in grammar', needs());
const builtin = findGrammar({ env: {}, defaultFolders: [] });

wasm('all valid cases are accepted', async () => {
  assert.equal(await verdicts('libxml2-wasm', builtin, valid), expected(valid, true));
});

wasm('errors in host devices and policies are rejected', async () => {
  const named = invalid.filter(({ name }) =>
    /^(cpuset-(?!as-|in-|on-disk)|interface-(mac$|cpuset|without))/.test(name),
  );
  assert.ok(named.length > 10);
  assert.equal(await verdicts('libxml2-wasm', builtin, named), expected(named, false));
});

wasm.run();

const libvirt = suiteWhere("both engines with libvirt's grammar", needs('xmllint', 'libvirt-schemas'));
const grammar = () => findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' });
const shipped = () => findGrammar({ env: process.env });

for (const engine of ['xmllint', 'libxml2-wasm'] as const) {
  libvirt(`${engine} accepts every valid case and rejects every invalid one`, async () => {
    assert.equal(await verdicts(engine, grammar(), valid), expected(valid, true));
    assert.equal(await verdicts(engine, grammar(), invalid), expected(invalid, false));
    assert.equal(await verdicts(engine, shipped(), invalid), expected(invalid, false));
  });
}

libvirt('both give the same result with the built-in grammar', async () => {
  const all = [...valid, ...invalid];
  assert.equal(await verdicts('xmllint', builtin, all), await verdicts('libxml2-wasm', builtin, all));
});

libvirt('xmllint gives the same result for a text as for a file', async () => {
  const some = [...valid.slice(0, 3), ...invalid.slice(0, 3)];
  assert.equal(await verdicts('xmllint', grammar(), asText(some)), await verdicts('xmllint', grammar(), some));
});

libvirt('the directory of the schemas may have any name', async () => {
  const { cpSync, mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`);
  try {
    const schemas = `${folder}/a "b" 'c' %41 & é#?`;
    cpSync(libvirtSchemas() ?? '', schemas, { recursive: true, dereference: true });
    const named = findGrammar({ env: {}, schemas });
    assert.is(dirname(named.directories[0] ?? ''), folder);
    for (const engine of ['xmllint', 'libxml2-wasm'] as const) {
      assert.equal(await verdicts(engine, named, valid), expected(valid, true));
      assert.equal(await verdicts(engine, named, invalid), expected(invalid, false));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

libvirt.run();
