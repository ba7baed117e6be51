import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../../src/lib/input-error.js';
import { HOST_RULES } from '../../../src/lint/host-rules/index.js';
import { lint } from '../../../src/lint/lint.js';
import { parseLintConfiguration } from '../../../src/lint/parse-configuration.js';
import { ALL_RULES } from '../../../src/lint/rules/index.js';
import { LineIndex } from '../../../src/xml/line-index.js';
import { pathBeside, readCases } from '../../support/case-files.js';
import { projectRoot } from '../../support/cli.js';

const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/lint-config.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true }).compile(schema);

const DOCUMENT = `<domain type='kvm'>
  <name>guest</name>
  <vcpu>2</vcpu>
  <devices>
    <interface type='hostdev' managed='no' cpuset='auto'>
      <alias name='port'/>
    </interface>
  </devices>
</domain>
`;

function isAcceptedBySchema(text: string): boolean {
  try {
    return validate(JSON.parse(text.replace(/^\ufeff/, ''))) === true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * The findings; or the error of the configuration with its place, and whether the JSON Schema accepts it nevertheless.
 */
function outcomeOf(document: string, configuration: string): unknown {
  try {
    return lint(document, parseLintConfiguration(configuration));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message, offset, hint } = error;
    const place = new LineIndex(configuration).at(offset);
    return { ...place, message, ...(hint === undefined ? {} : { hint }), schema: isAcceptedBySchema(configuration) };
  }
}

const cases = suite('lint configuration');

for (const one of readCases(pathBeside(import.meta.url, 'cases'), ['configuration', 'expected'])) {
  cases(one.name, () => {
    const document = one.has('input') ? one.text() : DOCUMENT;
    const outcome = outcomeOf(document, one.text('configuration'));
    one.expectJson('expected', outcome);
    if (Array.isArray(outcome))
      assert.ok(isAcceptedBySchema(one.text('configuration')), JSON.stringify(validate.errors));
  });
}

cases('the JSON Schema lists every configurable rule', () => {
  const names = [...ALL_RULES, ...HOST_RULES].map(({ name }) => name);
  const settable = names.filter((name) => name !== 'well-formed' && name !== 'not-a-domain');
  assert.equal(Object.keys(schema.properties.rules.properties).sort(), settable.sort());
});

cases('the example and every setting of every rule are accepted', () => {
  const example = readFileSync(join(projectRoot, 'examples/lint-domain.json'), 'utf8');
  assert.ok(isAcceptedBySchema(example), JSON.stringify(validate.errors));
  assert.is(parseLintConfiguration(example).customRules.length, 3);
  for (const setting of ['off', 'note', 'warning', 'error']) {
    const rules = Object.fromEntries(Object.keys(schema.properties.rules.properties).map((name) => [name, setting]));
    assert.is(parseLintConfiguration(JSON.stringify({ rules })).rules.size, Object.keys(rules).length);
  }
});

cases('a byte order mark is accepted', () => {
  const text = `\ufeff{"rules":{"schema":"off"}}`;
  assert.is(parseLintConfiguration(text).rules.get('schema'), 'off');
});

cases('deeply nested JSON is an error, not a crash', () => {
  const deep = (test: string) => JSON.stringify({ customRules: [{ name: 'a', test, message: 'm' }] });
  for (const text of [
    '['.repeat(200_000),
    deep('('.repeat(100_000)),
    deep(`${'('.repeat(20_000)}a${')'.repeat(20_000)}`),
  ]) {
    assert.throws(
      () => parseLintConfiguration(text),
      (error: unknown) => error instanceof InputError,
    );
  }
  assert.throws(
    () => parseLintConfiguration(deep(`a${'[a'.repeat(20_000)}${']'.repeat(20_000)}`)),
    (error: unknown) => error instanceof InputError,
  );
});

cases('custom rules skip a document with too many nodes and report this', () => {
  const configuration = parseLintConfiguration(
    '{"customRules":[{"name":"a","test":"//*","message":"m","severity":"warning"}]}',
  );
  const findings = lint(`<domain>${'<a b="1"/>'.repeat(60_000)}</domain>`, configuration);
  assert.equal(
    findings.map(({ rule, severity, message, line, column }) => [rule, severity, message, line, column]),
    [['a', 'warning', 'not checked: more than 100000 tags and attributes', 1, 1]],
  );
});

cases('a custom rule reports a thousand findings, and the number of further ones', () => {
  const configuration = parseLintConfiguration('{"customRules":[{"name":"a","test":"//b","message":"m"}]}');
  const findings = lint(`<domain>${'<b/>'.repeat(1500)}</domain>`, configuration).filter(({ rule }) => rule === 'a');
  assert.is(findings.length, 1001);
  assert.equal(
    findings.filter(({ severity }) => severity === 'note').map(({ message }) => message),
    ['500 more findings of this rule not shown'],
  );
});

cases.run();
