import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openLintHost } from '../../src/cli/lint/lint-host.js';
import { SETTINGS_FILE } from '../../src/enforce/settings.js';
import { HOST_RULES } from '../../src/lint/host-rules/index.js';
import { lintDocument } from '../../src/lint/lint-document.js';
import { type ReportedFinding, reportFile } from '../../src/lint/report.js';
import { inOrder } from '../../src/lint/rule.js';
import { decode } from '../../src/xml/decode.js';
import { layOutHost } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { matchesFile } from './expected-file.js';

// host-cases/RULE/NAME/ has guest.xml, host.json and perhaps the host's config.json; the host's findings are expected.json.
const folder = join(__dirname, 'host-cases');
const rules = HOST_RULES.map(({ name }) => name);

const findings = new Map<string, ReportedFinding[]>();

/** Of each case once: every one is asked for twice. */
function findingsOf(path: string): ReportedFinding[] {
  const known = findings.get(path) ?? ask(path);
  findings.set(path, known);
  return known;
}

function ask(path: string): ReportedFinding[] {
  const root = new TemporaryFolder();
  try {
    layOutHost(readFileSync(join(path, 'host.json'), 'utf8'), root.path);
    const config = join(path, 'config.json');
    if (existsSync(config)) root.write(SETTINGS_FILE, readFileSync(config));
    const { definition, lines } = lintDocument(decode(readFileSync(join(path, 'guest.xml'))));
    assert.ok(definition, 'the guest is no domain');
    return reportFile('guest.xml', inOrder(openLintHost(root.path)(definition)), lines).findings;
  } finally {
    root.remove();
  }
}

const cases = suite('host rules');

for (const rule of rules) {
  const paths = readdirSync(join(folder, rule))
    .sort()
    .map((name) => join(folder, rule, name));

  for (const path of paths) {
    cases(`${path.slice(folder.length + 1)}`, () => matchesFile(findingsOf(path), join(path, 'expected.json')));
  }

  cases(`${rule}: cases for it and against it`, () => {
    const firing = paths.filter((path) => findingsOf(path).some((finding) => finding.rule === rule));
    assert.ok(firing.length > 0, 'none that it reports');
    assert.ok(firing.length < paths.length, 'none that it lets pass');
  });
}

cases('there is no case of a rule that does not exist', () => {
  assert.equal(readdirSync(folder).sort(), [...rules].sort());
});

cases('a finding is one line', () => {
  for (const { message, hint = '' } of [...findings.values()].flat()) assert.not.match(message + hint, /\n/);
  assert.ok(findings.size > rules.length);
});

cases.run();
