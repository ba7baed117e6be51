import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findGrammar } from '../../src/schema/grammar.js';
import { SchemaError } from '../../src/schema/schema-error.js';
import { schemaOrigin } from '../../src/schema/schema-origin.js';

const grammar = suite('findGrammar');
let folder = '';
grammar.before.each(() => {
  folder = mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`);
  for (const name of ['named', 'environment', 'usual', 'empty']) {
    mkdirSync(`${folder}/${name}`);
    if (name !== 'empty') writeFileSync(`${folder}/${name}/domain.rng`, '');
  }
});
grammar.after.each(() => rmSync(folder, { recursive: true }));

const source = (options: Parameters<typeof findGrammar>[0]) => findGrammar({ rngDirectory: '/rng', ...options });

grammar('--schemas takes precedence over the environment, and that over the default directories', () => {
  const env = { LIBVIRT_SCHEMAS: `${folder}/environment` };
  const defaultFolders = [`${folder}/none`, `${folder}/usual`];
  const first = (options: Parameters<typeof findGrammar>[0]) => source(options).directories[0];
  assert.is(first({ schemas: `${folder}/named`, env, defaultFolders }), `${folder}/named`);
  assert.is(first({ env, defaultFolders }), `${folder}/environment`);
  assert.is(first({ env: {}, defaultFolders }), `${folder}/usual`);
  assert.is(first({ env: { LIBVIRT_SCHEMAS: '' }, defaultFolders }), `${folder}/usual`);
});

grammar('a named directory without domain.rng is an error in one line', () => {
  const message = (options: Parameters<typeof findGrammar>[0]) => {
    try {
      source(options);
    } catch (error) {
      assert.instance(error, SchemaError);
      return (error as SchemaError).message;
    }
    return 'none';
  };
  assert.is(message({ schemas: `${folder}/empty`, env: {} }), `--schemas: no domain.rng in ${folder}/empty`);
  assert.is(
    message({ env: { LIBVIRT_SCHEMAS: `${folder}/empty` } }),
    `$LIBVIRT_SCHEMAS: no domain.rng in ${folder}/empty`,
  );
  const file = `${folder}/usual/domain.rng`;
  assert.is(message({ schemas: file, env: {} }), `--schemas: ${file}: not a directory`);
  const below = `${file}/schemas`;
  assert.is(message({ schemas: below, env: {} }), `--schemas: ${below}: a part of the path is not a directory`);
  assert.is(
    message({ env: { LIBVIRT_SCHEMAS: `${folder}/none` } }),
    `$LIBVIRT_SCHEMAS: ${folder}/none: no such directory`,
  );
  assert.is(source({ env: {}, defaultFolders: [below] }).kind, 'builtin');
});

grammar('a domain.rng that is not a regular file counts as missing', () => {
  const isMissing = (error: Error) =>
    error instanceof SchemaError && error.message.startsWith('--schemas: no domain.rng');
  mkdirSync(`${folder}/empty/domain.rng`);
  assert.throws(() => source({ schemas: `${folder}/empty`, env: {} }), isMissing);
  rmSync(`${folder}/empty/domain.rng`, { recursive: true });
  execFileSync('mkfifo', [`${folder}/empty/domain.rng`]);
  assert.throws(() => source({ schemas: `${folder}/empty`, env: {} }), isMissing);
});

grammar('without libvirt it is the built-in grammar, with a note', () => {
  const builtin = source({ env: {}, defaultFolders: [`${folder}/none`] });
  assert.is(builtin.kind, 'builtin');
  assert.is(builtin.file, '/rng/builtin.rng');
  assert.match(builtin.note ?? '', 'only host devices, interfaces and their policies were checked');
  assert.is(source({ schemas: `${folder}/named`, env: {} }).note, undefined);
});

grammar('paths are percent-encoded for URLs', () => {
  const schemas = `${folder}/a "%41" & b`;
  mkdirSync(schemas);
  writeFileSync(`${schemas}/domain.rng`, '');
  assert.match(source({ schemas, env: {} }).text ?? '', '/a%20%22%2541%22%20&amp;%20b/domain.rng"');
  const elsewhere = source({ env: {}, defaultFolders: [], rngDirectory: '/opt/my tools/rng' });
  assert.is(elsewhere.file, undefined);
  assert.match(elsewhere.text ?? '', 'href="file:///opt/my%20tools/rng/builtin.rng"');
});

grammar("libvirt's version is that of the library installed with the schemas", () => {
  const directory = `${folder}/usr/share/libvirt/schemas`;
  const origin = () => schemaOrigin(source({ schemas: directory, env: {} }));
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/domain.rng`, '');
  const installed = "the installed libvirt's schema";
  assert.is(origin(), installed);
  mkdirSync(`${folder}/usr/lib/x86_64-linux-gnu`, { recursive: true });
  symlinkSync('libvirt.so.0.11003.2', `${folder}/usr/lib/x86_64-linux-gnu/libvirt.so.0`);
  assert.is(origin(), "libvirt 11.3.2's schema");
  // With a second libvirt it is unknown which one the schemas belong to.
  mkdirSync(`${folder}/usr/lib64`);
  symlinkSync('libvirt.so.0.9000.0', `${folder}/usr/lib64/libvirt.so.0`);
  assert.is(origin(), installed);
  assert.is(schemaOrigin(source({ schemas: `${folder}/named`, env: {} })), `the schema in ${folder}/named`);
});

grammar.run();
