import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { BAD, DOUBTFUL, domain, GOOD, hostdev } from '../support/domains.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite<{ folder: TemporaryFolder }>('hostdev-cpuset normalize and expand');
test.before.each((context) => {
  context.folder = new TemporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

const complaints = (stderr: string) => stderr.replace(/^note: .*\n/gm, '');
const normalize = (args: string[], input?: string | Uint8Array, cwd?: string) =>
  runInProcess('hostdev-cpuset', ['normalize', ...args], { ...(input && { input }), ...(cwd && { cwd }) });
const expand = (args: string[], input?: string | Uint8Array) =>
  runInProcess('hostdev-cpuset', ['expand', ...args], input ? { input } : {});

test('standard input is normalized to standard output, and expanded back', async () => {
  const { code, stdout, stderr } = await normalize([], GOOD);
  assert.not.match(stdout, "cpuset='0-3'");
  assert.match(stdout, /<hostdevs xmlns=["']urn:hostdev-cpuset:1["']>/);
  assert.is(complaints(stderr), '');
  assert.is(code, 0);
  assert.is((await normalize(['-'], stdout)).stdout, stdout);
  const back = await expand([], stdout);
  assert.match(back.stdout, "cpuset='0-3'");
  assert.not.match(back.stdout, 'urn:hostdev-cpuset:1');
  assert.is(back.stderr, '');
  assert.is(back.code, 0);
  assert.equal(await expand(['-'], stdout), back);
});

test('writing to standard output leaves the file unchanged', async ({ folder }) => {
  const file = folder.write('good.xml', GOOD);
  const { stdout } = await normalize([file]);
  assert.is(stdout, (await normalize([], GOOD)).stdout);
  assert.is(readFileSync(file, 'utf8'), GOOD);
});

const outside = `\ufeff<?xml version="1.0"  encoding='UTF-8' ?>\r\n<!-- é ☃ 𝄞 &amp; -->\r\n`;
for (const [name, text] of [
  ['BOM, CRLF, declaration and comments', outside + GOOD.replaceAll('\n', '\r\n')],
  ['no line break at the end', GOOD.trimEnd()],
  ['nothing of ours in it', domain('')],
] as const) {
  test(`byte-exact through pipes: ${name}`, async () => {
    const input = Buffer.from(text);
    const bytes = (command: string, given: Uint8Array) =>
      spawnSync(process.execPath, [`${projectRoot}dist/bin/hostdev-cpuset.cjs`, command], { input: given }).stdout;
    const normalized = bytes('normalize', input);
    assert.ok(bytes('normalize', normalized).equals(normalized), 'normalize is not idempotent');
    const expanded = bytes('expand', normalized);
    const strip = (from: Buffer) => from.toString('latin1').replace(" cpuset='0-3'", '');
    assert.is(strip(expanded), strip(input));
    assert.ok(bytes('normalize', expanded).equals(normalized), 'expand loses a policy');
  });
}

for (const bad of [BAD, '', '<domain', '<network/>', GOOD.slice(0, -3)]) {
  test(`an error leaves standard output empty: ${JSON.stringify(bad.slice(0, 12))}, ${bad.length} characters`, async () => {
    for (const command of [normalize, expand]) {
      if (command === expand && bad === BAD) continue;
      const { code, stdout, stderr } = await command(['-'], bad);
      assert.is(stdout, '');
      assert.match(stderr, /^<stdin>:\d+:\d+: error: .+ \[[a-z-]+\]\n/);
      assert.is(code, 1);
    }
  });
}

test('warnings go to standard error, the XML to standard output', async () => {
  const { code, stdout, stderr } = await normalize([], DOUBTFUL);
  assert.match(stdout, 'urn:hostdev-cpuset:1');
  assert.match(stderr, /^<stdin>:8:\d+: warning: .+ \[auto-unpinned\]\n/);
  assert.is(code, 0);
});

test('--default adds the default of the domain', async () => {
  const text = domain(hostdev('0-3'));
  for (const standard of ['auto', 'native']) {
    const { stdout } = await normalize(['--default', standard], text);
    assert.match(stdout, new RegExp(`<hostdevs xmlns=.urn:hostdev-cpuset:1. default=["']${standard}["']>`));
    assert.is((await normalize([], stdout)).stdout, stdout);
  }
});

test('--no-check applies only the rules, not the schema', async () => {
  const misspelt = GOOD.replace('<memory', '<memroy').replace('</memory', '</memroy');
  const { code, stdout, stderr } = await normalize(['--no-check'], misspelt);
  assert.match(stdout, '<memroy');
  assert.is(stderr, '');
  assert.is(code, 0);
  assert.is((await normalize(['--no-check'], BAD)).code, 1);
});

test('an unreadable file: exit status 2, one line', async () => {
  for (const command of [normalize, expand]) {
    const { code, stdout, stderr } = await command(['/nowhere/guest.xml']);
    assert.is(stdout, '');
    assert.is(stderr, 'hostdev-cpuset: /nowhere/guest.xml: no such file\n');
    assert.is(code, 2);
  }
});

test('several files without --in-place, or --in-place without files: a usage error', async ({ folder }) => {
  const file = folder.write('good.xml', GOOD);
  for (const [args, expected] of [
    [[file, file], 'several files need --in-place or --check'],
    [['--in-place', '-'], '--in-place needs files'],
    [['--in-place'], '--in-place needs files'],
  ] as const) {
    const { code, stdout, stderr } = await normalize([...args], GOOD);
    assert.is(stdout, '');
    assert.is(stderr, `hostdev-cpuset: ${expected}\n`);
    assert.is(code, 2);
  }
  assert.is(readFileSync(file, 'utf8'), GOOD);
});

test('in place: the file is rewritten and nothing printed', async ({ folder }) => {
  const file = folder.write('a b.xml', GOOD);
  const expected = (await normalize([], GOOD)).stdout;
  const { code, stdout, stderr } = await normalize(['--in-place', file]);
  assert.is(stdout, '');
  assert.is(complaints(stderr), '');
  assert.is(code, 0);
  assert.is(readFileSync(file, 'utf8'), expected);
  assert.is((await expand(['-i', file])).code, 0);
  assert.match(readFileSync(file, 'utf8'), "cpuset='0-3'");
  assert.equal(readdirSync(folder.path), ['a b.xml']);
});

test('--check prints the files that would change, and changes none', async ({ folder }) => {
  const good = folder.write('good.xml', GOOD);
  const done = folder.write('done.xml', (await normalize([], GOOD)).stdout);
  const bad = folder.write('bad.xml', BAD);
  const before = readFileSync(done, 'utf8');
  assert.equal(await normalize(['--no-check', '--check', good, done]), { code: 1, stdout: `${good}\n`, stderr: '' });
  assert.equal(await expand(['--check', good, done]), { code: 1, stdout: `${done}\n`, stderr: '' });
  assert.equal(await normalize(['--no-check', '--check', done]), { code: 0, stdout: '', stderr: '' });
  assert.is((await normalize(['--no-check', '--check'], GOOD)).stdout, '<stdin>\n');
  const faulty = await normalize(['--no-check', '--check', bad, '/nowhere.xml', good]);
  assert.is(faulty.stdout, `${good}\n`);
  assert.match(
    faulty.stderr,
    /^.*bad\.xml:8:22: error: .*\[cpuset-syntax\]\n(?:.*\n)*hostdev-cpuset: \/nowhere\.xml: no such file\n$/,
  );
  assert.is(faulty.code, 2);
  assert.is(readFileSync(good, 'utf8'), GOOD);
  assert.is(readFileSync(done, 'utf8'), before);
  const both = await normalize(['--check', '-i', good]);
  assert.is(both.stderr, 'hostdev-cpuset: -i and --check cannot be used together\n');
  assert.is(both.code, 2);
});

test('in place: one xmllint checks many files if it is asked about all of them', async ({ folder }) => {
  const log = folder.join('log');
  const fake = folder.write('bin/xmllint', `#!/bin/sh\necho run >> '${log}'\n`);
  chmodSync(fake, 0o755);
  const files = Array.from({ length: 12 }, (_, index) => folder.write(`${index}.xml`, GOOD));
  const env = { PATH: `${folder.join('bin')}:${process.env.PATH}` };
  const args = ['normalize', '-i', '--engine', 'xmllint', ...files];
  const { code } = await runInProcess('hostdev-cpuset', args, { env });
  assert.is(code, 0);
  assert.is(readFileSync(log, 'utf8'), 'run\n');
  for (const file of files) assert.match(readFileSync(file, 'utf8'), 'urn:hostdev-cpuset:1');
});

test('in place: a file with several names is processed once', async ({ folder }) => {
  const file = folder.write('guest.xml', GOOD);
  symlinkSync('guest.xml', folder.join('link.xml'));
  const { code, stderr } = await normalize([
    '-i',
    '--no-check',
    file,
    folder.join('link.xml'),
    `${folder.path}/./guest.xml`,
  ]);
  assert.is(stderr, '');
  assert.is(code, 0);
  assert.match(readFileSync(file, 'utf8'), 'urn:hostdev-cpuset:1');
});

test('expand warns in one line about removed comments in the metadata', async () => {
  const normalized = (await normalize([], GOOD)).stdout;
  const line = (words: string) => `hostdev-cpuset: <stdin>: warning: ${words} in <hostdevs> removed with the entry\n`;
  for (const [comments, expected] of [
    ['<!-- first -->', line('1 comment')],
    ['<!-- first --> <!-- second -->', line('2 comments')],
  ] as const) {
    const { code, stdout, stderr } = await expand([], normalized.replace('<hostdev ', `${comments}<hostdev `));
    assert.is(stdout, (await expand([], normalized)).stdout);
    assert.is(stderr, expected);
    assert.is(code, 0);
  }
  const elsewhere = await expand([], normalized.replace('<name>', '<!-- stays --><name>'));
  assert.is(elsewhere.stderr, '');
});

test('native on a device without interrupts is rejected, as expand could not restore it', async () => {
  const bridge = domain(
    "    <interface type='bridge' cpuset='native'>\n      <source bridge='br0'/>\n    </interface>\n",
  );
  const { code, stdout, stderr } = await normalize([], bridge);
  assert.is(stdout, '');
  assert.match(stderr, /^<stdin>:8:\d+: error: .* \[no-interrupts\]\n/);
  assert.is(code, 1);
});

test('a removed current directory is reported in one line', async ({ folder }) => {
  const gone = folder.join('gone');
  const script = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"';
  const call = (...args: string[]) =>
    spawnSync(
      'sh',
      ['-c', script, 'sh', gone, process.execPath, `${projectRoot}dist/bin/hostdev-cpuset.cjs`, ...args],
      {
        encoding: 'utf8',
      },
    );
  const relative = call('normalize', 'guest.xml');
  assert.is(relative.stderr, 'hostdev-cpuset: the current directory was removed\n');
  assert.is(relative.status, 2);
});

test('in place: mode and owner are kept', async ({ folder }) => {
  const file = folder.write('guest.xml', GOOD);
  const root = process.getuid?.() === 0;
  if (root) chownSync(file, 12, 34);
  chmodSync(file, 0o640);
  const before = statSync(file);
  assert.is((await normalize(['-i', file])).code, 0);
  const after = statSync(file);
  assert.equal([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
  assert.is.not(after.ino, before.ino);
});

test('in place: a symbolic link is kept', async ({ folder }) => {
  const file = folder.write('real/guest.xml', GOOD);
  const link = folder.join('link.xml');
  symlinkSync('real/guest.xml', link);
  assert.is((await normalize(['-i', link])).code, 0);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.is(readlinkSync(link), 'real/guest.xml');
  assert.match(readFileSync(file, 'utf8'), 'urn:hostdev-cpuset:1');
});

test('in place: a file without changes is not written', async ({ folder }) => {
  const file = folder.write('guest.xml', (await normalize([], GOOD)).stdout);
  utimesSync(file, 1000, 1000);
  const before = statSync(file);
  assert.is((await normalize(['-i', file])).code, 0);
  const after = statSync(file);
  assert.equal([after.ino, after.mtimeMs, after.ctimeMs], [before.ino, before.mtimeMs, before.ctimeMs]);
});

test("in place: each file is replaced completely or not at all, and good files despite others' errors", async ({
  folder,
}) => {
  const names = ['1.xml', 'bad.xml', 'gone.xml', '2.xml'];
  for (const name of ['1.xml', '2.xml']) folder.write(name, GOOD);
  folder.write('bad.xml', BAD);
  const { code, stdout, stderr } = await normalize(['-i', ...names], undefined, folder.path);
  const expected = (await normalize([], GOOD)).stdout;
  for (const name of ['1.xml', '2.xml']) assert.is(readFileSync(folder.join(name), 'utf8'), expected);
  assert.is(readFileSync(folder.join('bad.xml'), 'utf8'), BAD);
  assert.is(stdout, '');
  assert.match(stderr, /^bad\.xml:8:22: error: /m);
  assert.match(stderr, /^hostdev-cpuset: gone\.xml: no such file$/m);
  assert.is(code, 2);
  assert.is((await normalize(['-i', '1.xml', 'bad.xml'], undefined, folder.path)).code, 1);
});

test('a reader that closes the pipe causes no stack trace', async ({ folder }) => {
  const big = folder.write('big.xml', domain('    <!-- more than a pipe holds -->\n'.repeat(100_000)));
  for (const command of ['normalize', 'expand']) {
    const { status, stderr } = pipeline(`"$NODE" "$BIN" ${command} "$FILE" | head -c 0`, { FILE: big });
    assert.is(stderr, '');
    assert.is(status, 0);
  }
});

test('a full disk: exit status 2, one line', async ({ folder }) => {
  const file = folder.write('good.xml', GOOD);
  for (const command of ['normalize', 'expand', 'lint']) {
    const { status, stderr } = pipeline(`"$NODE" "$BIN" ${command} "$FILE" > /dev/full`, { FILE: file });
    assert.match(complaints(stderr), /^(hostdev-cpuset|lint-domain): standard output: .*no space left.*\n$/);
    assert.is(status, 2);
  }
});

function pipeline(command: string, env: NodeJS.ProcessEnv) {
  const BIN = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;
  const all = { ...process.env, NODE: process.execPath, BIN, ...env };
  return spawnSync('sh', ['-c', command], { env: all, encoding: 'utf8' });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`--in-place ended by ${signal} during a write: that file is complete, the next unchanged, and no temporary file left`, async ({
    folder,
  }) => {
    const files = ['a.xml', 'b.xml'].map((name) => folder.write(`documents/${name}`, GOOD));
    const [started, goOn] = [folder.join('started'), folder.join('go-on')];
    // cp copies the attributes of the file.
    const cp = folder.write('bin/cp', `#!/bin/sh\n: >'${started}'\nwhile ! [ -e '${goOn}' ]; do sleep 0.05; done\n`);
    chmodSync(cp, 0o755);
    const env = { ...process.env, PATH: `${folder.join('bin')}:${process.env.PATH}` };
    const program = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;
    const child = spawn(process.execPath, [program, 'normalize', '--in-place', ...files], { env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await until('it writes', () => existsSync(started));
    child.kill(signal);
    folder.write('go-on', '');
    assert.equal(await ended, [2, null]);
    assert.equal(readdirSync(folder.join('documents')), ['a.xml', 'b.xml']);
    const [first, second] = files.map((file) => readFileSync(file, 'utf8'));
    assert.match(first ?? '', 'urn:hostdev-cpuset:1');
    assert.is(second, GOOD);
  });
}

test.run();
