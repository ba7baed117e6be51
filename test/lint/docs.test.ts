import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { HOST_RULES } from '../../src/lint/host-rules/index.js';
import type { LintReport } from '../../src/lint/report.js';
import type { RuleInfo } from '../../src/lint/rule.js';
import { ALL_RULES, SCHEMA } from '../../src/lint/rules/index.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { needs, suiteWhere } from '../support/needs.js';
import { layOutHost } from '../support/simulated-tree.js';
import { expectFile, updating } from '../support/update-cases.js';

const pages = join(projectRoot, 'docs/rules');
const samples = join(projectRoot, 'samples/bad');
/** The findings of each bad sample: rule, severity and place. */
const EXPECTED = join(__dirname, 'bad-samples.json');
const names = ALL_RULES.map(({ name }) => name);
const hostNames = HOST_RULES.map(({ name }) => name);
const pageOf = (name: string) => join(pages, `${name}.md`);
const read = (file: string) => readFileSync(file, 'utf8');

/** The content of the code block that begins with `opening`. */
function block(page: string, opening: string): string {
  const from = page.indexOf(`${opening}\n`);
  assert.ok(from >= 0, `no block ${JSON.stringify(opening)}`);
  const start = from + opening.length + 1;
  return page.slice(start, page.indexOf('```', start));
}
const badOf = (page: string) => block(page, '## Bad\n\n```xml');
const goodOf = (page: string) => block(page, '## Good\n\n```xml');
/** The second file of the call, on pages of rules that compare guests. */
const otherOf = (page: string) =>
  page.includes('## Other guest') ? block(page, '## Other guest\n\n```xml') : undefined;
const hostOf = (page: string) => block(page, '## Host\n\n```json');
/** The host of the good example, if it differs from the bad one's. */
function goodHostOf(page: string): string {
  const good = page.slice(page.indexOf('## Good'));
  return good.includes('```json') ? block(good, '```json') : hostOf(page);
}

/** A Markdown table with aligned columns; the first row is the heading. */
function tableOf(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [heading = [], ...body] = rows.map(line);
  return [heading, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

function tableOfRules(rules: readonly RuleInfo[]): string {
  const rows = rules.map(({ name, severity, summary }) => [`[${name}](${name}.md)`, severity, summary]);
  return tableOf([['rule', 'severity', 'reports'], ...rows]);
}

let folder = '';
function inFolder(run: ReturnType<typeof suiteWhere>): void {
  run.before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-test-'));
  });
  run.after(() => rmSync(folder, { recursive: true }));
}

async function lint(files: string[]): Promise<LintReport> {
  const { stdout } = await runInProcess('lint-domain', ['--format', 'json', ...files]);
  return JSON.parse(stdout);
}

function writeOther(page: string, cwd: string): string[] {
  const other = otherOf(page);
  if (other !== undefined) writeFileSync(join(cwd, 'other.xml'), other);
  return other === undefined ? [] : ['other.xml'];
}

async function checkBad(name: string): Promise<void> {
  const page = read(pageOf(name));
  const cwd = join(folder, name);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'guest.xml'), badOf(page));
  const isOfHost = hostNames.includes(name);
  if (isOfHost) layOutHost(hostOf(page), join(cwd, 'host'));
  const args = [...(isOfHost ? ['--host', '--root', 'host'] : []), 'guest.xml', ...writeOther(page, cwd)];
  const { stdout } = await runInProcess('lint-domain', args, { cwd });
  assert.match(stdout, `[${name}]`);
  const printed = block(page, '```text');
  if (updating)
    writeFileSync(
      pageOf(name),
      page.replace(`\`\`\`text\n${printed}`, () => `\`\`\`text\n${stdout}`),
    );
  else assert.is(stdout, printed);
}

async function checkSamples(rules: string[]): Promise<void> {
  const report = await lint(rules.map((name) => join(samples, `${name}.xml`)));
  assert.is(report.files.length, rules.length);
  const expected = new Map(Object.entries(JSON.parse(read(EXPECTED))));
  for (const { path, findings } of report.files) {
    const name = basename(path, '.xml');
    const places = findings.map(({ rule, severity, line, column }) => ({ rule, severity, line, column }));
    assert.ok(
      places.some(({ rule }) => rule === name),
      `${name}: the sample has no finding of its rule`,
    );
    if (updating) expected.set(name, places);
    assert.equal(places, expected.get(name), name);
  }
  const sorted = Object.fromEntries([...expected].sort(([one], [other]) => (one < other ? -1 : 1)));
  expectFile(`${JSON.stringify(sorted, null, 2)}\n`, EXPECTED);
}

const docs = suiteWhere('rule pages', needs());
inFolder(docs);

for (const { name, severity } of [...ALL_RULES, ...HOST_RULES]) {
  docs(`${name} has a page`, () => {
    const page = read(pageOf(name));
    assert.ok(page.startsWith(`# ${name}\n\nSeverity: ${severity}`), 'heading and severity');
    assert.match(badOf(page), '<name>');
    assert.match(goodOf(page), '<domain ');
  });
  if (name !== SCHEMA.name) docs(`${name}: the output for the bad example is current`, () => checkBad(name));
}

docs('no good example has a finding', async () => {
  const files = names.map((name) => join(folder, `${name}.xml`));
  for (const [index, file] of files.entries()) writeFileSync(file, goodOf(read(pageOf(names[index] as string))));
  const report = await lint(files);
  assert.is(report.files.length, names.length);
  for (const { path, findings } of report.files) assert.equal(findings, [], path);
});

for (const name of hostNames) {
  docs(`${name}: the good example has no finding`, async () => {
    const page = read(pageOf(name));
    const cwd = join(folder, `${name}-good`);
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'guest.xml'), goodOf(page));
    layOutHost(goodHostOf(page), join(cwd, 'host'));
    const files = ['guest.xml', ...writeOther(page, cwd)];
    const { stdout } = await runInProcess('lint-domain', ['--host', '--root', 'host', ...files], { cwd });
    assert.is(stdout, `${files.length} file${files.length === 1 ? '' : 's'}: 0 errors, 0 warnings\n`);
  });
}

docs('the tables of rules are current, and there are no other pages', () => {
  const tables = [tableOfRules(ALL_RULES), tableOfRules(HOST_RULES)];
  const file = join(pages, 'README.md');
  if (updating) {
    const left = [...tables];
    const text = read(file).replace(/^\| rule.*\n(\|.*\n)*/gm, () => `${left.shift()}\n`);
    writeFileSync(file, text);
  }
  const found = read(file).match(/^\| rule.*\n(\|.*\n)*/gm);
  assert.equal(
    found,
    tables.map((table) => `${table}\n`),
  );
  const expected = ['README.md', ...[...names, ...hostNames].map((name) => `${name}.md`)];
  assert.equal(readdirSync(pages).sort(), expected.sort());
});

docs('bad samples have findings of their rule', () => checkSamples(names.filter((name) => name !== SCHEMA.name)));

docs('there is one bad sample per rule', () => {
  assert.equal(readdirSync(samples).sort(), names.map((name) => `${name}.xml`).sort());
  assert.equal(Object.keys(JSON.parse(read(EXPECTED))).sort(), [...names].sort());
});

docs.run();

const schema = suiteWhere('page of the schema rule', needs('libvirt-schemas'));
inFolder(schema);

schema('the output for the bad example is current', () => checkBad(SCHEMA.name));
schema('the bad sample has a finding of the rule', () => checkSamples([SCHEMA.name]));

schema.run();
