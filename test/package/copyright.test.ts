import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

const test = suite("Debian's copyright file");

test('it has one paragraph with the licence of each bundled package', async () => {
  const script =
    "import { copyrightText } from './scripts/packages/copyright.mjs'; console.log(copyrightText('our licence'))";
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: projectRoot });
  assert.is(stderr, '');
  const paragraphs = stdout.split(/\n(?=Files: )/).slice(1);
  const names = paragraphs.map((text) => /^Files: (?:usr\/lib\/hostdev-cpuset\/\*\/)?(.*)/.exec(text)?.[1]);
  assert.is(new Set(names).size, names.length, names.join(' '));
  const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) assert.ok(names.includes(name), name);
  const holders =
    /^License: ISC\n [\s\S]*Copyright \(c\) Contributors[\s\S]*Copyright \(c\) Isaac Z\. Schlueter and Contributors/m;
  assert.match(paragraphs[names.indexOf('saxes')] as string, holders);
  for (const text of paragraphs) assert.match(text, /^Files: \*|permission/im, text.slice(0, 80));
  for (const name of ['string-width', 'wrap-ansi', 'strip-ansi', 'get-east-asian-width', 'emoji-regex']) {
    const text = paragraphs[names.indexOf(name)] as string;
    assert.match(text, /^License: Expat\n [\s\S]{400,}/m, name);
  }
  const holder = /\nCopyright: Copyright \(c\) Sindre Sorhus/;
  assert.match(paragraphs[names.indexOf('string-width')] as string, holder);
});

test.run();
