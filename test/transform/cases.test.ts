import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DefaultPolicy } from '../../src/domain/metadata.js';
import { folderBeside, readCases } from '../support/case-files.js';
import { roundTrip } from '../support/round-trip.js';
import { goodSamples } from '../support/samples.js';

const cases = suite('normalize and expand');

// `default` is what --default is given. `expanded = input` says that a document comes back to the byte.
for (const one of readCases(folderBeside(import.meta.url, 'cases'), ['default', 'normalized', 'expanded'])) {
  cases(one.name, () => {
    const standard = one.has('default') ? (one.text('default').trim() as DefaultPolicy) : undefined;
    const { normalized, expanded } = roundTrip(one.text(), standard);
    one.expect('normalized', normalized);
    one.expect('expanded', expanded);
  });
}

for (const { file, text } of goodSamples()) {
  cases(`sample ${file}`, () => {
    assert.is(roundTrip(text).expanded, text);
    const crlf = `\ufeff${text.replaceAll('\n', '\r\n')}`;
    assert.is(roundTrip(crlf).expanded, crlf);
  });
}

cases.run();
