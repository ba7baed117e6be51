import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { BAD, DOUBTFUL, domain, GOOD } from '../support/domains.js';
import { validateReport, validateSarif } from '../support/json-schemas.js';
import { needs, suiteWhere } from '../support/needs.js';
import type { RunOptions } from '../support/run.js';
import { layOutHost } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite<{ folder: TemporaryFolder }>('lint-domain with a configuration');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

const NAME = '.lint-domain.json';
/** A rule that reports the domain's name, at 2:3. */
const NAMED = rule('/domain/name');

function rule(select: string, more: object = {}): string {
  return JSON.stringify({ customRules: [{ name: 'a-rule', test: select, message: 'wrong', ...more }] });
}

const lint = (args: string[], options: RunOptions = {}) => runInProcess('lint-domain', args, options);
/** Standard error without the note that depends on whether libvirt is installed. */
const complaints = (stderr: string) => stderr.replace(/^note: .*schemas were not found.*\n/gm, '');

function written(folder: TemporaryFolder, name: string, text: string): string {
  folder.write(name, text);
  return folder.path;
}

const withoutRule = (finding: string) => finding.replace(/ \S+$/, '');

/** The findings: `PATH:LINE:COLUMN severity rule`. */
async function findings(args: string[], options: RunOptions = {}): Promise<string[]> {
  const { stdout, stderr } = await lint(['--json', ...args], options);
  assert.is(complaints(stderr), '');
  const report = JSON.parse(stdout);
  validateReport(report);
  return report.files.flatMap(({ path, findings }: { path: string; findings: Record<string, unknown>[] }) =>
    findings.map(({ line, column, severity, rule: name }) => `${path}:${line}:${column} ${severity} ${name}`),
  );
}

test('only the nearest configuration applies', async ({ folder }) => {
  folder.write(NAME, NAMED);
  folder.write('a/good.xml', GOOD);
  folder.write('a/b/good.xml', GOOD);
  folder.write('a/b/c/good.xml', GOOD);
  folder.write(`a/b/${NAME}`, '{"rules": {"auto-unpinned": "error"}}');
  folder.write('a/b/c/doubtful.xml', DOUBTFUL);
  folder.write('doubtful.xml', DOUBTFUL);
  assert.equal(await findings(['.'], { cwd: folder.path }), [
    'a/b/c/doubtful.xml:8:14 error auto-unpinned',
    'a/good.xml:2:3 error a-rule',
    'doubtful.xml:2:3 error a-rule',
    'doubtful.xml:8:14 warning auto-unpinned',
  ]);
  assert.equal(await findings(['a/good.xml'], { cwd: folder.path }), ['a/good.xml:2:3 error a-rule']);
  assert.equal(await findings(['../good.xml'], { cwd: folder.join('a/b') }), ['../good.xml:2:3 error a-rule']);
});

test('for standard input, the current directory counts', async ({ folder }) => {
  folder.write(`a/${NAME}`, NAMED);
  folder.write('good.xml', GOOD);
  assert.equal(await findings([], { cwd: folder.join('a'), input: GOOD }), ['<stdin>:2:3 error a-rule']);
  assert.equal(await findings(['-', '../good.xml'], { cwd: folder.join('a'), input: GOOD }), [
    '<stdin>:2:3 error a-rule',
  ]);
});

test("a link has the configuration of its own directory, not of its target's", async ({ folder }) => {
  folder.write(`a/${NAME}`, NAMED);
  folder.write('b/good.xml', GOOD);
  symlinkSync('../b/good.xml', folder.join('a/link.xml'));
  assert.equal(await findings(['a/link.xml'], { cwd: folder.path }), ['a/link.xml:2:3 error a-rule']);
});

test('--config and --no-config', async ({ folder }) => {
  folder.write(NAME, NAMED);
  folder.write('good.xml', GOOD);
  folder.write('other.json', rule('/domain/os'));
  const inside = { cwd: folder.path };
  assert.equal(await findings(['--config', 'other.json', 'good.xml'], inside), ['good.xml:4:3 error a-rule']);
  assert.equal(await findings(['--no-config', 'good.xml'], inside), []);
  assert.equal(await findings(['--no-config', 'good.xml', '--no-config'], inside), []);
  const exclusive = await lint(['--config', 'other.json', '--no-config', 'good.xml'], inside);
  assert.is(exclusive.stderr, 'lint-domain: --config and --no-config cannot be used together\n');
  for (const [value, message] of [
    ['', '--config needs a file'],
    ['gone.json', 'gone.json: no such file'],
    ['.', '.: is a directory'],
    ['-', './-: no such file'],
  ] as const) {
    const { code, stdout, stderr } = await lint(['--config', value, 'good.xml'], { ...inside, input: '{}' });
    assert.equal({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, message);
  }
});

test('hostdev-cpuset lint uses the configuration; normalize does not', async ({ folder }) => {
  folder.write(NAME, NAMED);
  folder.write('good.xml', GOOD);
  const linted = await runInProcess('hostdev-cpuset', ['lint', 'good.xml'], { cwd: folder.path });
  assert.match(linted.stdout, 'good.xml:2:3: error: wrong [a-rule]');
  const { code } = await runInProcess('hostdev-cpuset', ['normalize', 'good.xml'], { cwd: folder.path });
  assert.is(code, 0);
});

test('the exit status depends on the configured severities', async ({ folder }) => {
  const file = folder.write('doubtful.xml', DOUBTFUL);
  const codeWith = async (setting: string, ...args: string[]) => {
    folder.write(NAME, JSON.stringify({ rules: { 'auto-unpinned': setting } }));
    return (await lint([file, ...args])).code;
  };
  assert.is(await codeWith('error'), 1);
  assert.is(await codeWith('warning'), 0);
  assert.is(await codeWith('warning', '--max-warnings', '0'), 1);
  assert.is(await codeWith('note', '--max-warnings', '0'), 0);
  assert.is(await codeWith('off', '--max-warnings', '0'), 0);
});

test('all formats contain the findings of custom rules', async ({ folder }) => {
  folder.write(NAME, rule('/domain/name', { severity: 'warning', hint: 'another name' }));
  folder.write('b/good.xml', GOOD);
  folder.write(`b/${NAME}`, rule('/domain/name', { message: 'the same name elsewhere' }));
  folder.write('good.xml', GOOD);
  const inside = { cwd: folder.path };
  const text = await lint(['good.xml'], inside);
  assert.is(
    text.stdout,
    [
      'good.xml:2:3: warning: wrong [a-rule]',
      '    <name>guest</name>',
      '    ^^^^^^',
      '  try: another name',
      '1 file: 0 errors, 1 warning',
      '',
    ].join('\n'),
  );
  const github = await lint(['--format', 'github', 'good.xml'], inside);
  assert.match(
    github.stdout,
    '::warning file=good.xml,line=2,endLine=2,col=3,endColumn=9,title=a-rule::wrong%0Atry: another name',
  );
  const log = JSON.parse((await lint(['--format', 'sarif', 'good.xml', 'b/good.xml'], inside)).stdout);
  validateSarif(log);
  const [{ tool, results }] = log.runs;
  const own = tool.driver.rules.filter(({ id }: { id: string }) => id === 'a-rule');
  assert.equal(own, [
    {
      id: 'a-rule',
      shortDescription: { text: 'wrong' },
      fullDescription: { text: 'wrong' },
      help: { text: 'another name' },
      defaultConfiguration: { level: 'warning' },
    },
  ]);
  assert.equal(
    results.map(({ ruleIndex, level }: { ruleIndex: number; level: string }) => [
      tool.driver.rules[ruleIndex].id,
      level,
    ]),
    [
      ['a-rule', 'warning'],
      ['a-rule', 'error'],
    ],
  );
});

const BROKEN: [name: string, text: string | Buffer, complaint: string][] = [
  ['not JSON', '{\n  "rules": {\n', ':3:1: not JSON: close brace expected'],
  ['an unknown rule', '{\n  "rules": { "schema": "off", "shema": "off" }\n}', ':2:31: unknown rule "shema"'],
  [
    'a malformed XPath',
    '{"customRules": [\n  {"name": "a-rule", "test": "//a[", "message": "wrong"}\n]}',
    ':2:30: invalid XPath in "a-rule": syntax error',
  ],
  ['an XPath that fails with the document at hand', rule("//name[count('a')]"), ':1:41: invalid XPath in "a-rule"'],
  ['an empty file', '', ':1:1: the file is empty (remove it, or write {})'],
  ['a file that is not UTF-8', Buffer.from('{"a": "\xff"}', 'latin1'), ':1:8: invalid UTF-8'],
  ['a file in UTF-16', Buffer.from('\ufeff{}', 'utf16le'), ':1:1: the file is in UTF-16'],
  ['a file of NULs', Buffer.alloc(100), ':1:1: '],
  ['a file of more than a MiB', `{}${' '.repeat(1024 * 1024)}`, ': is larger than 1 MiB'],
];
for (const [name, text, complaint] of BROKEN) {
  test(`${name}: one line with its place, exit status 2, and no report`, async ({ folder }) => {
    folder.write(NAME, text);
    folder.write('a/good.xml', GOOD);
    folder.write('other.json', text);
    for (const args of [['a/good.xml'], ['--json', 'a']]) {
      const { code, stdout, stderr } = await lint(args, { cwd: folder.path });
      assert.is(stdout, '');
      assert.ok(stderr.startsWith(`lint-domain: ${NAME}${complaint}`), stderr);
      assert.is(stderr.split('\n').length, 2);
      assert.is(code, 2);
    }
    const named = await lint(['--config', 'other.json', 'a'], { cwd: folder.path });
    assert.ok(named.stderr.startsWith(`lint-domain: other.json${complaint}`), named.stderr);
    assert.is(named.code, 2);
  });
}

test('a configuration must be a regular file: a FIFO does not block', async ({ folder }) => {
  folder.write('a/good.xml', GOOD);
  folder.write('b/good.xml', GOOD);
  spawnSync('mkfifo', [folder.join('a', NAME)]);
  mkdirSync(folder.join('b', NAME));
  for (const name of ['a', 'b']) {
    const { code, stdout, stderr } = await lint([`${name}/good.xml`], { cwd: folder.path });
    assert.is(stderr, `lint-domain: ${name}/${NAME}: is not a regular file\n`);
    assert.is(stdout, '');
    assert.is(code, 2);
  }
});

test('a dangling link does not count as a configuration', async ({ folder }) => {
  folder.write(NAME, NAMED);
  folder.write('a/good.xml', GOOD);
  symlinkSync('gone.json', folder.join('a', NAME));
  assert.equal(await findings(['a/good.xml'], { cwd: folder.path }), ['a/good.xml:2:3 error a-rule']);
});

test('--config accepts a pipe', async ({ folder }) => {
  folder.write('good.xml', GOOD);
  const cli = `'${process.execPath}' '${projectRoot}dist/bin/lint-domain.cjs'`;
  const { stdout, status } = spawnSync(
    'bash',
    ['-c', `${cli} --config <(sleep 0.1; echo '${NAMED.replaceAll("'", '')}') good.xml`],
    {
      cwd: folder.path,
      encoding: 'utf8',
    },
  );
  assert.match(stdout, 'good.xml:2:3: error: wrong [a-rule]');
  assert.is(status, 1);
});

test('with the schema rule off, schema errors are not reported, and missing schemas not noted', async ({ folder }) => {
  for (const name of ['on', 'off']) folder.write(`${name}/bad.xml`, domain('    <hostdev/>\n'));
  folder.write(`off/${NAME}`, '{"rules": {"schema": "off"}}');
  const all = await findings(['.'], { cwd: folder.path });
  assert.equal(all.map(withoutRule), ['on/bad.xml:8:5 error']);
  for (const args of [['bad.xml'], ['--engine', 'libxml2-wasm', 'bad.xml']]) {
    const alone = await lint(args, { cwd: folder.join('off') });
    assert.equal(alone, { code: 0, stdout: '1 file: 0 errors, 0 warnings\n', stderr: '' });
  }
});

test('a comment disables the schema rule for a line', async ({ folder }) => {
  const comment = '<!-- lint-domain-disable-next-line schema -->';
  const bad = (before: string) => domain(`    ${before}\n    <hostdev/>\n`);
  assert.equal((await findings(['bad.xml'], { cwd: written(folder, 'bad.xml', bad('')) })).map(withoutRule), [
    'bad.xml:9:5 error',
  ]);
  assert.equal(await findings(['good.xml'], { cwd: written(folder, 'good.xml', bad(comment)) }), []);
});

test('if a rule is below error, the schema reports the same error', async ({ folder }) => {
  const inside = { cwd: written(folder, 'bad.xml', BAD.replace('3-0', 'a')) };
  assert.equal(await findings(['bad.xml'], inside), ['bad.xml:8:22 error cpuset-syntax']);
  folder.write(NAME, '{"rules": {"cpuset-syntax": "off"}}');
  assert.equal(await findings(['bad.xml'], inside), ['bad.xml:8:14 error schema']);
  folder.write(NAME, '{"rules": {"cpuset-syntax": "warning"}}');
  assert.equal(await findings(['bad.xml'], inside), [
    'bad.xml:8:14 error schema',
    'bad.xml:8:22 warning cpuset-syntax',
  ]);
});

test('host rules can be configured, and comments about them apply only with --host', async ({ folder }) => {
  const inside = { cwd: folder.path };
  const host = join(folder.path, 'host');
  layOutHost(readFileSync(`${projectRoot}samples/hosts/two-nodes.json`, 'utf8'), host);
  const sample = readFileSync(`${projectRoot}samples/sriov-two-nodes.xml`, 'utf8');
  const comment = '<!-- lint-domain-disable-next-line host-default-affinity, host-driver -->\n';
  folder.write(
    'guest.xml',
    sample.replace("    <interface type='hostdev' managed='yes' cpuset='2-5'>", `    ${comment}$&`),
  );
  folder.write(NAME, '{"rules": {"host-irqbalance": "error"}}');
  assert.equal(await findings(['guest.xml'], inside), []);
  assert.equal(await findings(['--host', '--root', host, 'guest.xml'], inside), [
    'guest.xml:54:63 warning disable-comment',
    'guest.xml:55:45 error host-irqbalance',
  ]);
});

test('an unreadable file does not prevent reporting the others', async ({ folder }) => {
  folder.write(NAME, NAMED);
  folder.write('good.xml', GOOD);
  const { code, stdout, stderr } = await lint(['gone.xml', 'good.xml'], { cwd: folder.path });
  assert.match(stdout, 'good.xml:2:3: error: wrong [a-rule]');
  assert.match(stderr, 'lint-domain: gone.xml: no such file');
  assert.is(code, 2);
});

test('control characters in a path are not printed', async ({ folder }) => {
  folder.write(`\u001b[31m/${NAME}`, '{');
  folder.write('\u001b[31m/good.xml', GOOD);
  const { stderr } = await lint(['\u001b[31m/good.xml'], { cwd: folder.path });
  assert.not.match(stderr, '\u001b');
});

test('without a configuration its modules are not loaded, and each directory is checked once', async ({ folder }) => {
  for (let index = 0; index < 50; index++) folder.write(`a/b/${index}.xml`, GOOD);
  const preload = folder.write(
    'preload.cjs',
    `const fs = require('node:fs'), asked = [];
     const real = fs.statSync;
     fs.statSync = (path, ...rest) => { if (/lint-domain\\.json$/.test(path)) asked.push(path); return real(path, ...rest); };
     require('node:module').syncBuiltinESMExports();
     process.on('exit', () => {
       const loaded = Object.keys(require.cache).map((path) => path.replace(/.*[/]|-[A-Z0-9]{8}(?=.cjs)/g, ''));
       fs.writeFileSync(${JSON.stringify(folder.join('loaded.json'))}, JSON.stringify({ asked, loaded }));
     });`,
  );
  const env = { NODE_OPTIONS: `--require=${JSON.stringify(preload)}` };
  const traced = async () => {
    await runCli('lint-domain', ['a'], { cwd: folder.path, env });
    return JSON.parse(readFileSync(folder.join('loaded.json'), 'utf8'));
  };
  const without = await traced();
  assert.is(new Set(without.asked).size, without.asked.length);
  assert.ok(without.asked.includes(folder.join('a/b', NAME)) && without.asked.includes(`/${NAME}`));
  const costly = ['read-configuration.cjs', 'finish-findings.cjs', 'xpath.cjs', 'xmldom.cjs'];
  assert.equal(
    costly.filter((name) => without.loaded.includes(name)),
    [],
  );
  folder.write(NAME, rule('/domain/nothing'));
  const { loaded } = await traced();
  assert.equal(
    costly.filter((name) => loaded.includes(name)),
    costly,
  );
});

test.run();

const planted = suiteWhere('configuration of another user', needs('root'));

planted('it is ignored in a world-writable directory, and this is noted', async () => {
  const folder = new TemporaryFolder();
  try {
    chmodSync(folder.path, 0o755);
    mkdirSync(folder.join('shared'));
    chmodSync(folder.join('shared'), 0o1777);
    folder.write('shared/mine/good.xml', GOOD);
    chownSync(folder.write(`shared/${NAME}`, NAMED), 65534, 65534);
    const args = ['shared/mine/good.xml'];
    const ignored = await lint(args, { cwd: folder.path });
    assert.is(ignored.stdout, '1 file: 0 errors, 0 warnings\n');
    assert.match(
      ignored.stderr,
      `note: shared/${NAME} ignored: another user owns it, and its directory is world-writable (use --config to accept it)\n`,
    );
    const named = await lint(['--config', `shared/${NAME}`, ...args], { cwd: folder.path });
    assert.is(named.code, 1);
    chmodSync(folder.join('shared'), 0o755);
    assert.is((await lint(args, { cwd: folder.path })).code, 1);
    chmodSync(folder.join('shared'), 0o1777);
    chownSync(folder.join('shared', NAME), 0, 0);
    assert.is((await lint(args, { cwd: folder.path })).code, 1);
    renameSync(folder.join('shared', NAME), folder.join('root.json'));
    symlinkSync('../root.json', folder.join('shared', NAME));
    assert.is((await lint(args, { cwd: folder.path })).code, 1);
    lchownSync(folder.join('shared', NAME), 65534, 65534);
    assert.is((await lint(args, { cwd: folder.path })).code, 0);
  } finally {
    folder.remove();
  }
});

for (const [what, plant] of [
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a file that is too large', (path: string) => writeFileSync(path, ' '.repeat(2 ** 20 + 1))],
  // Opening it could have effects, as a watchdog starts when it is opened.
  ['a link to a device', (path: string) => symlinkSync('/dev/full', path)],
  ['a link to a FIFO of root', (path: string) => symlinkSync('../fifo', path)],
] as const) {
  planted(`${what} is ignored as well, and does not prevent the check`, async () => {
    const folder = new TemporaryFolder();
    try {
      chmodSync(folder.path, 0o755);
      mkdirSync(folder.join('shared'));
      chmodSync(folder.join('shared'), 0o1777);
      execFileSync('mkfifo', [folder.join('fifo')]);
      folder.write('shared/mine/good.xml', GOOD);
      plant(folder.join('shared', NAME));
      lchownSync(folder.join('shared', NAME), 65534, 65534);
      const { code, stderr } = await lint(['shared/mine/good.xml'], { cwd: folder.path });
      assert.match(stderr, `note: shared/${NAME} ignored: another user owns it`);
      assert.is(code, 0);
    } finally {
      folder.remove();
    }
  });
}

planted.run();
