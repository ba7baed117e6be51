import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatGithub } from '../../src/lint/formats/github.js';
import { sarifLog } from '../../src/lint/formats/sarif.js';
import { formatFinding, formatSummary, type Paint, plain } from '../../src/lint/formats/text.js';
import type { LintReport } from '../../src/lint/report.js';
import { ALL_RULES } from '../../src/lint/rules/index.js';
import { LineIndex } from '../../src/xml/line-index.js';
import { validateReport, validateSarif } from '../support/json-schemas.js';
import { expectFile } from '../support/update-cases.js';

const folder = join(__dirname, 'formats');
const fixture = JSON.parse(readFileSync(join(folder, 'fixture.json'), 'utf8'));
const report: LintReport = fixture.report;

function sourceLine(file: number, line: number): string {
  return new LineIndex(fixture.sources[report.files[file]?.path ?? ''] ?? '').line(line);
}

function asText(paint: Paint): string {
  const findings = report.files.flatMap(({ path, findings }, file) =>
    findings.map((finding) => formatFinding(path, finding, sourceLine(file, finding.line), paint)),
  );
  return findings.join('') + formatSummary(report.summary, paint);
}

const log = sarifLog(report, {
  version: '1.2.3',
  customRules: [],
  locate: (path) => ({ uri: encodeURI(path), uriBaseId: '%SRCROOT%' }),
  sourceLine,
  hash: (text) => text.replaceAll('\n', ' / '),
}) as { runs: [{ results: { partialFingerprints: object; ruleId: string; ruleIndex: number }[] }] };

test('text format', () => {
  expectFile(asText(plain), join(folder, 'report.txt'));
});

test('text in colours has the same content as without', () => {
  const coloured = asText((style, text) => `<${style}>${text}</${style}>`);
  assert.is(coloured.replace(/<\/?(red|yellow|cyan|bold|dim)>/g, ''), asText(plain));
  assert.match(coloured, '<red>error:</red>');
  assert.match(coloured, '<yellow>warning:</yellow>');
});

test('the fixture is a valid report according to the JSON Schema', () => {
  validateReport(report);
});

test('sarif format', () => {
  expectFile(`${JSON.stringify(log, null, 2)}\n`, join(folder, 'report.sarif'));
});

test('sarif is valid against the published schema', () => {
  validateSarif(log);
});

test('sarif: a result refers to its rule, and fingerprints are unique', () => {
  const { results } = log.runs[0];
  for (const { ruleId, ruleIndex } of results) assert.is(ALL_RULES[ruleIndex]?.name, ruleId);
  assert.is(new Set(results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))).size, 4);
});

test('sarif: a fingerprint does not depend on lines added above', () => {
  const moved = structuredClone(report);
  for (const finding of moved.files[1]?.findings ?? []) finding.line += 7;
  const context = {
    version: '1.2.3',
    customRules: [],
    locate: (uri: string) => ({ uri }),
    hash: (text: string) => text.replaceAll('\n', ' / '),
    sourceLine: (file: number, line: number) => sourceLine(file, line - 7),
  };
  const { runs } = sarifLog(moved, context) as typeof log;
  const prints = ({ partialFingerprints }: { partialFingerprints: object }) => partialFingerprints;
  assert.equal(runs[0].results.map(prints), log.runs[0].results.map(prints));
});

test('github format', () => {
  const text = formatGithub(report, (path) => path);
  expectFile(text, join(folder, 'report.github'));
});

test('github: every line parses to its original values', () => {
  const lines = formatGithub(report, (path) => path).split('\n');
  assert.is(lines.pop(), '');
  const read = lines.map(readCommand);
  const odd = 'domains/100% odd, name: é.xml';
  assert.equal(read[0], {
    command: 'error',
    file: odd,
    line: '2',
    endLine: '2',
    col: '23',
    endColumn: '24',
    title: 'cpuset-syntax',
    message: 'cpuset ends with a comma, 100% wrong\ntry: cpuset="0-3"',
  });
  assert.equal(
    read.map(({ command, file }) => [command, file]),
    [
      ['error', odd],
      ['warning', odd],
      ['warning', odd],
      ['notice', odd],
      ['error', 'domains/gone.xml'],
      ['notice', undefined],
    ],
  );
});

/** Parses a line like GitHub's runner, by the documented escapes. */
function readCommand(line: string): Record<string, string | undefined> {
  const [, command = '', properties = '', data = ''] = /^::(\w+)(?: ([^:]*))?::(.*)$/.exec(line) ?? [];
  const decode = (text: string) => text.replace(/%(25|0D|0A|3A|2C)/g, (code) => decodeURIComponent(code));
  const pairs = properties
    .split(',')
    .filter(Boolean)
    .map((pair) => /^(\w+)=(.*)$/.exec(pair)?.slice(1) as [string, string]);
  return {
    command,
    ...Object.fromEntries(pairs.map(([key, value]) => [key, decode(value)])),
    message: decode(data),
  };
}

test.run();
