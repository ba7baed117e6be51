import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lintDocument } from '../../src/lint/lint-document.js';
import { type ReportedFinding, reportFile } from '../../src/lint/report.js';
import { ALL_RULES, SCHEMA } from '../../src/lint/rules/index.js';
import { decode } from '../../src/xml/decode.js';
import { matchesFile } from './expected-file.js';

// cases/RULE/NAME.xml gives exactly the findings of cases/RULE/NAME.json. The schema is not asked: test/lint/docs.test.ts does.
const folder = join(__dirname, 'cases');
const rules = ALL_RULES.filter(({ name }) => name !== SCHEMA.name).map(({ name }) => name);

function findingsOf(path: string): ReportedFinding[] {
  const { findings, lines } = lintDocument(decode(readFileSync(path)));
  return reportFile(path, findings, lines).findings;
}

const cases = suite('rules');

for (const rule of rules) {
  const names = readdirSync(join(folder, rule)).filter((name) => name.endsWith('.xml'));
  const files = names.sort().map((name) => join(folder, rule, name));

  for (const file of files) {
    cases(`${rule}: ${file.slice(folder.length + rule.length + 2)}`, () => {
      matchesFile(findingsOf(file), file.replace(/\.xml$/, '.json'));
    });
  }

  cases(`${rule}: cases for it and against it`, () => {
    const firing = files.filter((file) => findingsOf(file).some((finding) => finding.rule === rule));
    assert.ok(firing.length > 0, 'none that it reports');
    assert.ok(firing.length < files.length, 'none that it lets pass');
  });
}

cases('there is no case of a rule that does not exist, and no expectation without its case', () => {
  assert.equal(readdirSync(folder).sort(), [...rules].sort());
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const orphans = all.filter((name) => name.endsWith('.json') && !all.includes(name.replace(/\.json$/, '.xml')));
  assert.equal(orphans, []);
});

cases('a finding is one line, and lies in its document', () => {
  for (const rule of rules) {
    for (const name of readdirSync(join(folder, rule)).filter((file) => file.endsWith('.xml'))) {
      const { findings, lines } = lintDocument(decode(readFileSync(join(folder, rule, name))));
      for (const { message, hint = '', offset, end = offset } of findings) {
        assert.not.match(message + hint, /\n/, name);
        assert.ok(0 <= offset && offset <= end && end <= lines.text.length, name);
      }
    }
  }
});

cases.run();
