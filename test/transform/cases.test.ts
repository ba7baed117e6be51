import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DefaultPolicy } from '../../src/domain/metadata.js';
import { caseFiles, folderBeside, matchesFile } from '../support/case-files.js';
import { roundTrip } from '../support/round-trip.js';
import { goodSamples } from '../support/samples.js';

const cases = suite('normalize and expand');

// A name's parts: `.exact`, it comes back to the byte; `.default-auto`, `.default-native`, what --default is given.
for (const { name, text, path } of caseFiles(folderBeside(import.meta.url, 'cases'), '.in.xml')) {
  cases(name, () => {
    const standard = /\.default-(auto|native)/.exec(name)?.[1] as DefaultPolicy | undefined;
    const { normalized, expanded } = roundTrip(text, standard);
    matchesFile(normalized, path('.normalized.xml'));
    matchesFile(expanded, path('.expanded.xml'));
    if (name.includes('.exact')) assert.is(expanded, text);
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
