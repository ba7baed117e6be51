import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import * as assert from 'uvu/assert';
import { runCli } from '../support/cli.js';
import { domain, GOOD } from '../support/domains.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('a file that is written while it is read', needs('xmllint', 'libvirt-schemas'));
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/**
 * An xmllint that finds another text in every file than we have read; what it is given by standard input it takes as it
 * is.
 */
function withXmllintThatSees(sight: string): NodeJS.ProcessEnv {
  const other = folder.write('other', sight);
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

for (const [what, sight] of [
  ['half of it', GOOD.slice(0, 100)],
  ['nothing', ''],
  ['what the schema does not take', domain('<nonsense/>')],
] as const) {
  test(`xmllint finds ${what}: the verdict is about what we have read`, async () => {
    const file = folder.write('guest.xml', GOOD);
    const env = withXmllintThatSees(sight);
    const linted = await runCli('lint-domain', [file], { env });
    assert.is(linted.stdout, '1 file: 0 errors, 0 warnings\n');
    const normalized = await runCli('hostdev-cpuset', ['normalize', file], { env });
    assert.match(normalized.stdout, 'urn:hostdev-cpuset:1');
    assert.is(normalized.stderr, '');
  });
}

test('what is faulty stays so', async () => {
  const file = folder.write('guest.xml', domain('<nonsense/>'));
  const { stdout } = await runCli('lint-domain', [file], { env: withXmllintThatSees('') });
  assert.match(stdout, /error: [^\n]*<nonsense>[^\n]* \[schema\]$/m);
});

test.run();
