import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { devicePolicies } from '../../src/domain/device-policies.js';
import type { DefaultPolicy } from '../../src/domain/metadata.js';
import { parseDomain } from '../../src/domain/parse-domain.js';
import { lint } from '../../src/lint/lint.js';
import { pathBeside, readCases } from '../support/case-files.js';
import { projectRoot } from '../support/cli.js';
import { roundTrip } from '../support/round-trip.js';
import { goodSamples } from '../support/samples.js';

const cases = suite('normalize and expand');

// `default` is the value of --default. `expanded = input` means that a document is restored byte by byte.
for (const one of readCases(pathBeside(import.meta.url, 'cases'), ['default', 'normalized', 'expanded'])) {
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

cases('samples/teaming.xml: the policy applies to the VF that is plugged at another address after a migration', () => {
  const text = readFileSync(join(projectRoot, 'samples/teaming.xml'), 'utf8');
  const { normalized } = roundTrip(text);
  const elsewhere = normalized.replace(
    "bus='0x3b' slot='0x0a' function='0x4'",
    "bus='0xaf' slot='0x02' function='0x1'",
  );
  assert.is.not(elsewhere, normalized);
  const { devices, stale } = devicePolicies(parseDomain(elsewhere));
  const placed = devices.filter(({ device }) => device.placeable);
  assert.equal(
    placed.map(({ device, policy }) => [device.source?.address, policy?.kind]),
    [['0000:af:02.1', 'auto']],
  );
  assert.equal(stale, []);
  assert.equal(lint(elsewhere), []);
});

cases.run();
