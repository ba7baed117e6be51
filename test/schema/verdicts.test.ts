import * as assert from 'uvu/assert';
import { findGrammar } from '../../src/schema/grammar.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { compareVerdicts, DOCUMENTS_OF_SEED } from './verdicts/compare.js';

/** `npm run test:verdicts` plays a million documents. */
const test = suiteWhere("our validator's verdict", needs('xmllint', 'libvirt-schemas'));

test(`${DOCUMENTS_OF_SEED} documents with random changes: libxml2's, wherever it is certain`, async () => {
  const grammar = findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' });
  const { valid, invalid, uncertain, differences } = await compareVerdicts(1, DOCUMENTS_OF_SEED, grammar);
  assert.equal(differences, []);
  assert.ok(Math.min(valid, invalid) > DOCUMENTS_OF_SEED / 10, `${valid} valid, ${invalid} invalid`);
  assert.ok(uncertain < DOCUMENTS_OF_SEED / 20, `${uncertain} uncertain`);
});

test.run();
