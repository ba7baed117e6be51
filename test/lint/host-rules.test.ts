import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SETTINGS_FILE } from '../../src/affinity/settings.js';
import { openLintHost } from '../../src/cli/lint/lint-host.js';
import { HOST_RULES } from '../../src/lint/host-rules/index.js';
import { lintDocument } from '../../src/lint/lint-document.js';
import { type ReportedFinding, reportFile } from '../../src/lint/report.js';
import { inOrder } from '../../src/lint/rule.js';
import { decode } from '../../src/xml/decode.js';
import type { TestCase } from '../support/case-files.js';
import { layOutHost } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { assertFileForEachRule, assertReported, casesOfRule } from './rule-cases.js';

// Each case in host-cases/RULE.txt has a guest, a host, sometimes the host's config.json or another guest, and the
// findings of the host rules.
const SECTIONS = ['host', 'config', 'other', 'findings'];
const folder = join(__dirname, 'host-cases');
const rules = HOST_RULES.map(({ name }) => name);

const findings = new Map<TestCase, ReportedFinding[]>();

/** Each case is linted once, although it is used twice. */
function findingsOf(one: TestCase): ReportedFinding[] {
  const known = findings.get(one) ?? lintOnHost(one);
  findings.set(one, known);
  return known;
}

function lintOnHost(one: TestCase): ReportedFinding[] {
  const root = new TemporaryFolder();
  try {
    layOutHost(one.text('host'), root.path);
    if (one.has('config')) root.write(SETTINGS_FILE, one.bytes('config'));
    const { definition, lines } = lintDocument(decode(one.bytes()));
    assert.ok(definition, 'the guest is no domain');
    const host = openLintHost(root.path);
    const { findings: own, guest } = host.check(definition);
    const other = one.has('other') ? lintDocument(decode(one.bytes('other'))).definition : undefined;
    assert.is(other !== undefined, one.has('other'), 'the other guest is no domain');
    const shared = host.compare(other ? [guest, host.check(other).guest] : [guest]).get(guest) ?? [];
    return reportFile('guest.xml', inOrder([...own, ...shared]), lines).findings;
  } finally {
    root.remove();
  }
}

const cases = suite('host rules');

for (const rule of rules) {
  const ofRule = casesOfRule(folder, rule, SECTIONS);

  for (const one of ofRule) {
    cases(`${rule}/${one.name}`, () => one.expectJson('findings', findingsOf(one)));
  }

  cases(`${rule}: reported in each invalid case, in no valid one`, () => {
    assertReported(ofRule, (one) => findingsOf(one).some((finding) => finding.rule === rule));
  });
}

cases('each file of cases belongs to a rule', () => {
  assertFileForEachRule(folder, rules);
});

cases('a finding is one line', () => {
  for (const { message, hint = '' } of [...findings.values()].flat()) assert.not.match(message + hint, /\n/);
  assert.ok(findings.size > rules.length);
});

cases.run();
