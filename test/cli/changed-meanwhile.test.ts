import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import * as assert from 'uvu/assert';
import { runCli } from '../support/cli.js';
import { domain, GOOD } from '../support/domains.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('a file that changes while it is checked', needs('xmllint', 'libvirt-schemas'));
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** An xmllint that reads another text from every file than we did. Standard input is passed on unchanged. */
function withXmllintThatSees(otherText: string): NodeJS.ProcessEnv {
  const other = folder.write('other', otherText);
  const script = `#!/bin/sh
PATH=\${PATH#*:}
case "$*" in *' -') exec xmllint "$@" ;; esac
for file; do :; done
xmllint --noout --relaxng "$4" '${other}' 2>&1 | sed "s:^${other}:$file:" >&2
exit 3
`;
  const fake = folder.write('bin/xmllint', script);
  chmodSync(fake, 0o755);
  return { ...process.env, PATH: `${folder.join('bin')}${delimiter}${process.env.PATH}` };
}

for (const [what, otherText] of [
  ['half of it', GOOD.slice(0, 100)],
  ['nothing', ''],
  ['invalid XML according to the schema', domain('<nonsense/>')],
] as const) {
  test(`xmllint reads ${what}: the result is about the text that we read`, async () => {
    const file = folder.write('guest.xml', GOOD);
    const env = withXmllintThatSees(otherText);
    const linted = await runCli('lint-domain', [file], { env });
    assert.is(linted.stdout, '1 file: 0 errors, 0 warnings\n');
    const normalized = await runCli('hostdev-cpuset', ['normalize', file], { env });
    assert.match(normalized.stdout, 'urn:hostdev-cpuset:1');
    assert.is(normalized.stderr, '');
  });
}

test('an invalid file stays invalid', async () => {
  const file = folder.write('guest.xml', domain('<nonsense/>'));
  const { stdout } = await runCli('lint-domain', [file], { env: withXmllintThatSees('') });
  assert.match(stdout, /error: [^\n]*<nonsense>[^\n]* \[schema\]$/m);
});

test.run();
