import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LintReport } from '../../src/lint/report.js';
import { projectRoot, runCli } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { BAD, DOUBTFUL, domain, GOOD, hostdev } from '../support/domains.js';
import { validateReport, validateSarif } from '../support/json-schemas.js';
import { type RunOptions, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite<{ folder: TemporaryFolder }>('lint-domain');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

const lint = (args: string[], options: RunOptions = {}) => runInProcess('lint-domain', args, options);
/** Standard error without the note that depends on whether libvirt is installed. */
const complaints = (stderr: string) => stderr.replace(/^note: .*\n/gm, '');

async function report(args: string[], options: RunOptions = {}): Promise<LintReport & { code: number | null }> {
  const { code, stdout } = await lint(['--json', ...args], options);
  const parsed = JSON.parse(stdout);
  validateReport(parsed);
  return { ...parsed, code };
}

const rules = ({ files }: LintReport) => files.map(({ findings }) => findings.map(({ rule }) => rule));

test('a good file: exit status 0 and a summary line', async ({ folder }) => {
  const { code, stdout, stderr } = await lint([folder.write('good.xml', GOOD)]);
  assert.is(stdout, '1 file: 0 errors, 0 warnings\n');
  assert.is(complaints(stderr), '');
  assert.is(code, 0);
});

test('a bad file: exit status 1, the place, the source line with a caret, and a hint', async ({ folder }) => {
  folder.write('bad.xml', BAD);
  const { code, stdout, stderr } = await lint(['bad.xml'], { cwd: folder.path });
  const [place, source, caret, hint, summary, end] = stdout.split('\n');
  assert.match(place ?? '', /^bad\.xml:8:22: error: .+ \[cpuset-syntax\]$/);
  assert.is(caret?.indexOf('^'), source?.indexOf('3-0'));
  assert.is(hint, '  try: cpuset="0-3"');
  assert.is(summary, '1 file: 1 error, 0 warnings');
  assert.is(end, '');
  assert.is(complaints(stderr), '');
  assert.is(code, 1);
});

test('warnings do not fail, except with --max-warnings', async ({ folder }) => {
  const files = [folder.write('doubtful.xml', DOUBTFUL), folder.write('another.xml', DOUBTFUL)];
  assert.is((await lint(files)).code, 0);
  assert.is((await lint([...files, '--max-warnings', '2'])).code, 0);
  const { code, stderr } = await lint([...files, '--max-warnings=1']);
  assert.is(complaints(stderr), 'lint-domain: 2 warnings, --max-warnings is 1\n');
  assert.is(code, 1);
});

test('repeated causes are one finding with further places', async ({ folder }) => {
  const file = folder.write('doubtful.xml', domain([1, 2, 3].map((slot) => hostdev('auto', slot)).join('')));
  const { files, summary } = await report([file]);
  assert.is(summary.warnings, 1);
  const [first] = files[0]?.findings ?? [];
  assert.match(first?.message ?? '', /nothing would be placed \(also in lines 9 and 10\)$/);
  assert.equal([first?.line, first?.also?.map(({ line }) => line)], [8, [9, 10]]);
  const sarif = JSON.parse((await lint(['--format', 'sarif', file])).stdout);
  validateSarif(sarif);
  const related = sarif.runs[0].results[0].relatedLocations as { physicalLocation: { region: object } }[];
  assert.equal(
    related.map(({ physicalLocation: { region } }) => region),
    first?.also?.map(({ line, column }) => ({ startLine: line, startColumn: column })),
  );
});

test('a single device is checked as for virsh attach-device', async ({ folder }) => {
  const good = folder.write('devices/good.xml', hostdev('auto').trim());
  const bad = folder.write('devices/bad.xml', hostdev('3-0').trim());
  assert.is((await lint([good])).code, 0);
  const { code, files, summary } = await report([good, bad]);
  assert.equal(rules({ files } as LintReport), [['not-a-domain'], ['not-a-domain', 'cpuset-syntax']]);
  assert.is(summary.notes, 2);
  assert.is(code, 1);
  const { stdout } = await lint([bad]);
  const [, , , place, source, caret] = stdout.split('\n');
  assert.is(caret?.indexOf('^'), source?.indexOf('3-0'), place);
});

test('--max-warnings 0 with --json: the report is still one document', async ({ folder }) => {
  const { code, summary } = await report(['--max-warnings', '0', folder.write('doubtful.xml', DOUBTFUL)]);
  assert.is(summary.warnings, 1);
  assert.is(code, 1);
});

test('files and directories are reported in the order of the arguments', async ({ folder }) => {
  folder.write('z.xml', GOOD);
  folder.write('some/bad.xml', BAD);
  folder.write('some/deep/doubtful.xml', DOUBTFUL);
  folder.write('some/notes.txt', 'no domain');
  folder.write('some/.hidden/bad.xml', BAD);
  const { files, summary, code } = await report(['z.xml', 'some', 'z.xml'], { cwd: folder.path });
  assert.equal(
    files.map(({ path, valid }) => [path, valid]),
    [
      ['z.xml', true],
      ['some/bad.xml', false],
      ['some/deep/doubtful.xml', true],
    ],
  );
  assert.equal(summary, { files: 3, errors: 1, warnings: 1, notes: 0, unreadable: 0 });
  assert.is(code, 1);
});

test('a directory without any .xml file: exit status 2', async ({ folder }) => {
  mkdirSync(folder.join('empty'));
  const { code, stdout, stderr } = await lint(['empty'], { cwd: folder.path });
  assert.is(stdout, '');
  assert.is(stderr, 'lint-domain: no .xml file in empty\n');
  assert.is(code, 2);
});

const NAMES = [
  'a b.xml',
  '-v.xml',
  'a:b.xml',
  '100%.xml',
  '%41.xml',
  "it's.xml",
  'é ☃.xml',
  'a\nb.xml',
  'a?b#c.xml',
  'a&b.xml',
];
for (const engine of ['auto', 'libxml2-wasm']) {
  test(`names that look like options, URLs or globs are file names (--engine ${engine})`, async ({ folder }) => {
    for (const name of NAMES) folder.write(`domains/${name}`, BAD);
    const paths = NAMES.map((name) => `domains/${name}`).sort();
    const inside = { cwd: folder.path };
    const named = await report(['--engine', engine, ...paths], inside);
    assert.equal(
      named.files.map(({ path }) => path),
      paths,
    );
    assert.equal(
      rules(named),
      NAMES.map(() => ['cpuset-syntax']),
    );
    assert.equal(await report(['--engine', engine, 'domains'], inside), named);
  });
}

test('-- ends the options; before it a name with a leading dash needs a directory', async ({ folder }) => {
  folder.write('-v.xml', BAD);
  const inside = { cwd: folder.path };
  assert.is((await report(['--', '-v.xml'], inside)).files[0]?.path, '-v.xml');
  assert.is((await report(['./-v.xml'], inside)).files[0]?.path, './-v.xml');
  const { code, stderr } = await lint(['-v.xml'], inside);
  assert.match(stderr, /^lint-domain: unknown option [^\n]*\n$/);
  assert.is(code, 2);
});

test('a line break in a file name does not split a line', async ({ folder }) => {
  folder.write('a\nb.xml', BAD);
  const { stdout } = await lint(['a\nb.xml', 'c\nd.xml'], { cwd: folder.path });
  assert.match(stdout, /^a\ufffdb\.xml:8:22: error: /);
  const { stderr } = await lint(['c\nd.xml'], { cwd: folder.path });
  assert.is(complaints(stderr), 'lint-domain: c\ufffdd.xml: no such file\n');
});

test('file names in errors: empty, with control characters, not in UTF-8', async ({ folder }) => {
  const complaint = async (name: string) => (await lint([name], { cwd: folder.path })).stderr;
  assert.is(await complaint(''), "lint-domain: '': no such file\n");
  assert.is(await complaint('\u202elmx.a'), 'lint-domain: \ufffdlmx.a: no such file\n');
  writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/g`), Buffer.from([0xfc]), Buffer.from('.xml')]), GOOD);
  assert.is(await complaint('.'), 'lint-domain: g\ufffd.xml: no such file (is the name in UTF-8?)\n');
});

for (const args of [[], ['-'], ['-', '-']]) {
  test(`standard input: lint-domain ${args.join(' ')}`, async () => {
    const { files, code } = await report(args, { input: BAD });
    assert.equal(
      files.map(({ path, findings }) => [path, findings[0]?.line, findings[0]?.column]),
      [['<stdin>', 8, 22]],
    );
    assert.is(code, 1);
  });
}

test('standard input can be one of several files', async ({ folder }) => {
  const { files } = await report(['good.xml', '-'], { cwd: folder.path, input: GOOD });
  assert.equal(
    files.map(({ path }) => path),
    ['good.xml', '<stdin>'],
  );
});

test('an unreadable file does not prevent checking the others', async ({ folder }) => {
  folder.write('bad.xml', BAD);
  mkdirSync(folder.join('folder.xml'));
  symlinkSync('loop.xml', folder.join('loop.xml'));
  const { code, stdout, stderr } = await lint(['gone.xml', 'bad.xml', 'loop.xml', 'bad.xml/a.xml'], {
    cwd: folder.path,
  });
  assert.match(stdout, /^bad\.xml:8:22: error: /);
  assert.match(stdout, '4 files: 1 error, 0 warnings, 3 unreadable\n');
  assert.equal(complaints(stderr).split('\n'), [
    'lint-domain: gone.xml: no such file',
    'lint-domain: loop.xml: too many symbolic links',
    'lint-domain: bad.xml/a.xml: a part of the path is not a directory',
    '',
  ]);
  assert.is(code, 2);
});

test('an unreadable file is in the JSON report', async ({ folder }) => {
  folder.write('bad.xml', BAD);
  const { files, summary, code } = await report(['gone.xml', 'bad.xml'], { cwd: folder.path });
  assert.equal(files[0], { path: 'gone.xml', valid: false, findings: [], unreadable: 'no such file' });
  assert.is(files[1]?.findings[0]?.rule, 'cpuset-syntax');
  assert.equal(summary, { files: 2, errors: 1, warnings: 0, notes: 0, unreadable: 1 });
  assert.is(code, 2);
});

test('the last of repeated options wins', async ({ folder }) => {
  const file = folder.write('doubtful.xml', DOUBTFUL);
  const options = ['--max-warnings', '0', '--json', '--json', '--engine', 'auto', '--max-warnings', '1'];
  const { code, stdout } = await lint([...options, '--engine', 'libxml2-wasm', file, '--format=text', '--format=json']);
  assert.is(JSON.parse(stdout).summary.warnings, 1);
  assert.is(code, 0);
});

for (const bad of ['', 'not XML', '<network/>', '<domain>', "<domain type='kvm'>\u0000</domain>"]) {
  test(`--json prints one document even if the input is not a domain: ${JSON.stringify(bad)}`, async () => {
    const { files, code } = await report([], { input: bad });
    assert.is(files[0]?.valid, false);
    assert.is(files[0]?.findings.length, 1);
    assert.is(code, 1);
  });
}

test('reports of all samples are valid JSON and SARIF according to their schemas', async () => {
  const inside = { cwd: projectRoot };
  const { files } = await report(['samples'], inside);
  assert.ok(files.length >= 4, `only ${files.length} files`);
  const { stdout } = await lint(['--format', 'sarif', 'samples'], inside);
  const log = JSON.parse(stdout);
  validateSarif(log);
  const findings = files.flatMap((file) => file.findings.map(({ rule }) => [file.path, rule]));
  const results = log.runs[0].results.map((result: SarifResult) => [uriOf(result), result.ruleId]);
  assert.equal(results, findings);
});

interface SarifResult {
  ruleId: string;
  locations: [{ physicalLocation: { artifactLocation: { uri: string; uriBaseId?: string } } }];
}
const placeOf = ({ locations }: SarifResult) => locations[0].physicalLocation.artifactLocation;
const uriOf = (result: SarifResult) => placeOf(result).uri;

test('SARIF: URIs are relative to the current directory and percent-encoded', async ({ folder }) => {
  folder.write('repository/a b/100%:é.xml', BAD);
  folder.write('elsewhere é.xml', BAD);
  const files = ['a b', '../elsewhere é.xml', 'gone.xml'];
  const { code, stdout } = await lint(['--format=sarif', ...files], { cwd: folder.join('repository'), env: LOCAL });
  const log = JSON.parse(stdout);
  validateSarif(log);
  const [run] = log.runs;
  assert.equal(run.results.map(placeOf), [
    { uri: 'a%20b/100%25%3A%C3%A9.xml', uriBaseId: '%SRCROOT%' },
    { uri: `file://${encodeURI(folder.path)}/elsewhere%20%C3%A9.xml` },
  ]);
  assert.is(run.invocations[0].executionSuccessful, false);
  assert.is(run.invocations[0].toolExecutionNotifications[0].message.text, 'gone.xml: no such file');
  assert.is(code, 2);
});

const LOCAL = { GITHUB_WORKSPACE: '' };

test('in a GitHub workflow, paths are relative to the checkout', async ({ folder }) => {
  folder.write('checkout/guests/bad.xml', BAD);
  const inside = { cwd: folder.join('checkout/guests'), env: { GITHUB_WORKSPACE: folder.join('checkout') } };
  const { stdout: commands, code } = await lint(['--format', 'github', 'bad.xml'], inside);
  assert.match(
    commands,
    /^::error file=guests\/bad\.xml,line=8,endLine=8,col=22,endColumn=25,title=cpuset-syntax::.+\n/,
  );
  assert.is(commands.split('\n').filter((line) => line.startsWith('::error')).length, 1);
  assert.is(code, 1);
  const { stdout } = await lint(['--format', 'sarif', 'bad.xml'], inside);
  assert.is(uriOf(JSON.parse(stdout).runs[0].results[0]), 'guests/bad.xml');
});

test('github: a good file prints nothing', async ({ folder }) => {
  const { code, stdout } = await lint(['--format', 'github', folder.write('good.xml', GOOD)]);
  assert.is(stdout.replace(/^::notice::.*\n/, ''), '');
  assert.is(code, 0);
});

test('hostdev-cpuset lint is lint-domain', async ({ folder }) => {
  const file = folder.write('bad.xml', BAD);
  const other = await runInProcess('hostdev-cpuset', ['lint', file]);
  assert.equal(other, await lint([file]));
  const dashed = await runInProcess('hostdev-cpuset', ['lint', '--json', '--', file]);
  assert.equal(dashed, await lint(['--json', file]));
});

test('a network in a directory is a note, as an argument an error; a misspelled domain is always an error', async ({
  folder,
}) => {
  folder.write('nets/net.xml', '<network/>');
  folder.write('nets/good.xml', GOOD);
  assert.is((await report([folder.join('nets')])).code, 0);
  for (const name of ['nets/net.xml', './nets/net.xml', 'nets/../nets/net.xml']) {
    assert.is((await report(['nets', name], { cwd: folder.path })).code, 1, name);
  }
  for (const text of ['<Domain/>', "<domain xmlns='urn:x'/>", "<d:domain xmlns:d='urn:x'/>"]) {
    folder.write('wrong/guest.xml', text);
    assert.is((await report([folder.join('wrong')])).code, 1, text);
  }
});

test('many vCPUs with one long cpuset need little time and memory', async ({ folder }) => {
  const odd = Array.from({ length: 8191 }, (_, index) => 2 * index + 1).join(',');
  const os = '<os><type>hvm</type></os>';
  const text = `<domain type='kvm'><name>g</name><memory>1</memory><vcpu cpuset='${odd}'>16384</vcpu>${os}</domain>`;
  const { code, stderr } = await runCli('lint-domain', [folder.write('many.xml', text)], {
    env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=64' },
  });
  assert.is(complaints(stderr), '');
  assert.is(code, 0);
});

test('a system error is one line, not a stack trace', async ({ folder }) => {
  const gone = folder.join('gone');
  const script = `mkdir '${gone}' && cd '${gone}' && rmdir '${gone}' && exec "$0" "$@"`;
  const words = [process.execPath, `${projectRoot}dist/bin/hostdev-cpuset.cjs`, 'normalize', 'guest.xml'];
  const { code, stdout, stderr } = await run('sh', ['-c', script, ...words]);
  assert.match(stderr, /^hostdev-cpuset: [^\n]+\n$/);
  assert.is(stdout, '');
  assert.is(code, 2);
});

test('a thousand files are checked', async ({ folder }) => {
  for (let i = 0; i < 1000; i++) folder.write(`${i}.xml`, i % 100 === 7 ? BAD : GOOD);
  const { summary } = await report([folder.path]);
  assert.equal(summary, { files: 1000, errors: 10, warnings: 0, notes: 0, unreadable: 0 });
});

test.run();
