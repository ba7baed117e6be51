import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/cli/arguments.js';
import { HOST_RULES } from '../../src/lint/host-rules/index.js';
import { ALL_RULES } from '../../src/lint/rules/index.js';
import { projectRoot, runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';

const folder = join(projectRoot, 'man');
const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
const pages: string[] = readdirSync(folder).sort();

/** The text of a page on one line, as phrases may be wrapped. */
async function read(page: string): Promise<string> {
  const env = { ...process.env, MANWIDTH: '1000', LC_ALL: 'C.UTF-8' };
  const { code, stdout, stderr } = await run('man', ['--warnings', '-E', 'UTF-8', '-l', join(folder, page)], { env });
  assert.is(stderr, '', page);
  assert.is(code, 0, page);
  return stdout.replace(/\s+/g, ' ');
}

/** Each option of a help text with its description. */
const optionsIn = (help: string) => [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+) {2,}(\S.*?)(?: +\[.*)?$/gm)];

const listed = suite('manual pages');

listed('package.json lists the generated pages', () => {
  assert.equal(
    [...manifest.man].sort(),
    pages.map((page) => `./man/${page}`),
  );
});

listed.run();

const formatted = suiteWhere('manual pages in man', needs('man'));

for (const page of pages) {
  formatted(`${page}: man prints no warning`, async () => {
    const text = await read(page);
    assert.match(text, ` ${manifest.version} `);
    for (const [, name, section] of text
      .slice(text.indexOf('SEE ALSO'))
      .matchAll(/(hostdev-cpuset[\w-]*|lint-domain)\((\d)\)/g)) {
      assert.ok(pages.includes(`${name}.${section}`), `${page} refers to ${name}(${section})`);
    }
  });
}

formatted('the page has every command and option of --help', async () => {
  const text = await read('hostdev-cpuset.1');
  const help = (await runCli('hostdev-cpuset', ['--help'])).stdout;
  const commands = [...help.matchAll(/^ {2}hostdev-cpuset (\S+) +(\S.*)$/gm)];
  assert.is(commands.length, Object.keys(COMMANDS).length);
  for (const [, name = '', about = ''] of commands) {
    assert.match(text, `hostdev-cpuset ${name} [options]`);
    const section = text.slice(text.indexOf(` ${name} ${about}.`));
    assert.ok(section.length < text.length, name);
    const options = optionsIn((await runCli('hostdev-cpuset', [name, '--help'])).stdout);
    assert.ok(options.length > 1, name);
    for (const [, flag = '', what = ''] of options) {
      assert.match(section, flag, name);
      assert.match(section, what, name);
    }
  }
});

formatted('options have descriptive placeholders', async () => {
  const text = await read('hostdev-cpuset.1');
  for (const option of ['--max-warnings N', '--watch SECONDS', '--prefix DIR', '--metrics FILE', '--default WORD']) {
    assert.match(text, ` ${option} `);
  }
});

formatted('the page has every option of lint-domain --help', async () => {
  const text = await read('lint-domain.1');
  assert.match(text, /EXIT STATUS Exit status: 0 success/);
  const options = optionsIn((await runCli('lint-domain', ['--help'])).stdout);
  assert.ok(options.length > 5);
  for (const [, flag = '', what = ''] of options) {
    assert.match(text, flag);
    assert.match(text, what);
  }
});

formatted('the page has every rule', async () => {
  const text = await read('hostdev-cpuset-rules.7');
  for (const { name, severity } of [...ALL_RULES, ...HOST_RULES]) assert.match(text, `${name} (${severity})`);
});

formatted('the page has every setting', async () => {
  const text = await read('hostdev-cpuset-config.5');
  const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/config.schema.json'), 'utf8'));
  const check = (properties: Record<string, { description?: string; properties?: Record<string, object> }>) => {
    for (const [name, { description, properties: inner }] of Object.entries(properties)) {
      assert.match(text, name);
      assert.match(text, description ?? '');
      check(inner ?? {});
    }
  };
  check(schema.properties);
});

formatted.run();

const linted = suiteWhere('manual pages in mandoc', needs('mandoc'));

for (const page of pages) {
  linted(`${page}: mandoc prints no warning`, async () => {
    const { stdout } = await run('mandoc', ['-Tlint', '-Wwarning', join(folder, page)]);
    assert.is(stdout, '');
  });
}

linted.run();
