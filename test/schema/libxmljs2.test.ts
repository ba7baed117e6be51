import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findGrammar } from '../../src/schema/grammar.js';
import { openLibxmljs2 } from '../../src/schema/libxmljs2.js';
import { SchemaError } from '../../src/schema/schema-error.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const libxmljs2 = suite('libxmljs2');
const grammar = findGrammar({ env: {}, defaultFolders: [] });

// The package is compiled on the user's machine, so a module with the same interface replaces it. Its results depend on
// the text.
const STAND_IN = `export const calls = [];
const parseXml = (text, options) => {
  calls.push(options);
  if (text === 'malformed') throw new Error('Start tag expected\\n');
  const document = { validationErrors: [] };
  document.rngValidate = (rules) => {
    if (!rules.validationErrors) throw new Error('not a document');
    if (text === 'valid') return true;
    document.validationErrors.push({ message: 'Expecting element name\\n', line: 3 }, { message: 'Invalid sequence\\n', line: 7 });
    return false;
  };
  return document;
};
export default { parseXml };`;

async function errorMessage(module: string): Promise<string> {
  try {
    await openLibxmljs2(grammar, module);
  } catch (error) {
    assert.instance(error, SchemaError);
    return (error as SchemaError).message;
  }
  return assert.unreachable() as never;
}

libxmljs2('a missing package is reported with the command that installs it', async () => {
  const message = await errorMessage('hostdev-cpuset-no-such-package');
  assert.is(message, 'libxmljs2 is not installed: npm install libxmljs2');
});

libxmljs2('a package that cannot be loaded is reported in one line', async () => {
  const folder = new TemporaryFolder();
  try {
    const broken = folder.write('broken.mjs', "throw new Error('no binding for this Node');");
    const message = await errorMessage(pathToFileURL(broken).href);
    assert.is(message, 'libxmljs2 is installed but cannot be loaded');
  } finally {
    folder.remove();
  }
});

libxmljs2('results are in the order of the documents, each parsed without network access', async () => {
  const folder = new TemporaryFolder();
  try {
    const module = pathToFileURL(folder.write('stand-in.mjs', STAND_IN)).href;
    const validator = await openLibxmljs2(grammar, module);
    const verdicts = await validator.validate(['valid', 'invalid', 'malformed'].map((text) => ({ name: text, text })));
    validator.close();
    assert.equal(
      verdicts.map(({ valid }) => valid),
      [true, false, false],
    );
    const [, invalid, malformed] = verdicts as { line?: number; message?: string }[];
    assert.match(JSON.stringify(invalid), /Expecting element name|Invalid sequence/);
    assert.match(JSON.stringify(malformed), 'Start tag expected');
    const { calls } = (await import(module)) as { calls: { nonet: boolean }[] };
    assert.ok(calls.length >= 5 && calls.every(({ nonet }) => nonet));
  } finally {
    folder.remove();
  }
});

libxmljs2.run();
