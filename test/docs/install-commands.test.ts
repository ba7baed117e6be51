import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { docsInstallation, readmeInstallation } from './install-commands.js';

const test = suite('installation with npm, as the pages state it');

// test/packages/from-readme.ts runs these commands.
test('README.md and docs/installing.md have the same commands', () => {
  assert.equal(readmeInstallation(), docsInstallation());
  assert.is(readmeInstallation().length, 3);
});

test.run();
