import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../../src/lint/lint.js';
import { lintDocument } from '../../src/lint/lint-document.js';
import type { ReportedFinding } from '../../src/lint/report.js';
import { ALL_RULES, SCHEMA } from '../../src/lint/rules/index.js';
import { decode } from '../../src/xml/decode.js';
import type { TestCase } from '../support/case-files.js';
import { assertFileForEachRule, assertReported, casesOfRule } from './rule-cases.js';

// Each case in cases/RULE.txt has exactly these findings. The schema is not used here, but in test/lint/docs.test.ts.
const folder = join(__dirname, 'cases');
const rules = ALL_RULES.filter(({ name }) => name !== SCHEMA.name).map(({ name }) => name);

function findingsOf(one: TestCase): ReportedFinding[] {
  return lint(one.bytes());
}

const cases = suite('rules');

for (const rule of rules) {
  const ofRule = casesOfRule(folder, rule, ['findings']);

  for (const one of ofRule) {
    cases(`${rule}: ${one.name}`, () => one.expectJson('findings', findingsOf(one)));
  }

  cases(`${rule}: reported in each invalid case, in no valid one`, () => {
    assertReported(ofRule, (one) => findingsOf(one).some((finding) => finding.rule === rule));
  });
}

cases('each file of cases belongs to a rule', () => {
  assertFileForEachRule(folder, rules);
});

cases('a finding is one line, and lies within its document', () => {
  for (const rule of rules) {
    for (const one of casesOfRule(folder, rule, ['findings'])) {
      const { findings, lines } = lintDocument(decode(one.bytes()));
      for (const { message, hint = '', offset, end = offset } of findings) {
        assert.not.match(message + hint, /\n/, one.name);
        assert.ok(0 <= offset && offset <= end && end <= lines.text.length, one.name);
      }
    }
  }
});

cases.run();
