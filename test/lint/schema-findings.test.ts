import * as assert from 'uvu/assert';
import type { LintReport } from '../../src/lint/report.js';
import { pathBeside, readCases } from '../support/case-files.js';
import { runInProcess } from '../support/cli-in-process.js';
import { validateReport } from '../support/json-schemas.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

// Findings of the rules and of libvirt's schema together. The schema's version is not part of a case.
const cases = readCases(pathBeside(import.meta.url, 'schema-cases'), ['findings']);
const test = suiteWhere('rules and schema', needs('libvirt-schemas'));

let folder: TemporaryFolder;
let report: LintReport;
test.before(async () => {
  folder = new TemporaryFolder();
  cases.forEach((one, index) => {
    folder.write(`${index}.xml`, one.bytes());
  });
  const paths = cases.map((_, index) => `${index}.xml`);
  const { stdout } = await runInProcess('lint-domain', ['--json', ...paths], {
    cwd: folder.path,
    env: { LIBVIRT_SCHEMAS: libvirtSchemas() ?? '' },
  });
  report = JSON.parse(stdout);
  validateReport(report);
});
test.after(() => folder.remove());

for (const [index, one] of cases.entries()) {
  test(one.name, () => {
    const findings = report.files[index]?.findings.map((finding) => {
      return {
        ...finding,
        message: finding.message.replace(
          /(?:libvirt [\d.]+|the installed libvirt)'s schema/,
          "libvirt VERSION's schema",
        ),
      };
    });
    one.expectJson('findings', findings);
  });
}

test('the version is that of the library next to the schemas, or not named', () => {
  const messages = report.files.flatMap(({ findings }) => findings.map(({ message }) => message));
  const named = messages.filter((message) => message.includes('does not know'));
  assert.is(named.length, 2);
  for (const message of named) assert.match(message, /^(?:libvirt \d+\.\d+\.\d+'s|the installed libvirt's|the) schema/);
});

test.run();
