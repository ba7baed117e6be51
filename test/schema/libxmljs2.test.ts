import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findGrammar } from '../../src/schema/grammar.js';
import { openLibxmljs2 } from '../../src/schema/libxmljs2.js';
import { SchemaError } from '../../src/schema/schema-error.js';

const libxmljs2 = suite('libxmljs2');

libxmljs2('says what to install where it is absent', async () => {
  try {
    await openLibxmljs2(findGrammar({ env: {} }), 'hostdev-cpuset-no-such-package');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SchemaError);
    assert.is((error as SchemaError).message, 'libxmljs2 is not installed: npm install libxmljs2');
  }
});

libxmljs2.run();
