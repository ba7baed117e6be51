import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCases } from './case-files.js';
import { formatCases, parseCases } from './case-format.js';
import { projectRoot } from './cli.js';
import { run } from './run.js';
import { TemporaryFolder } from './temporary-folder.js';

const format = suite('case files');

const section = (name: string, text: string | Buffer) => ({ name, bytes: Buffer.from(text as string) });
const written = (bytes: Buffer) => formatCases([{ name: 'a', sections: [{ name: 'input', bytes }] }], 'a');

/** Bytes that need care in a case file. */
const chunks = fc.constantFrom(
  ...['a', '<é/>', '\n', '\r\n', '\r', '\t', '\0', '\\', '\\x41', '@@@ findings\n', '=== b\n', '\ufeff', '\ud83c'],
  ...['客', '\u2028', ' ', '\u001b', '\u0085'],
);
const anyBytes = fc.oneof(
  fc.array(chunks, { maxLength: 12 }).map((all) => Buffer.from(all.join(''))),
  fc.array(chunks, { maxLength: 12 }).map((all) => Buffer.from(`\ufeff${all.join('')}`, 'utf16le')),
  fc.uint8Array({ maxLength: 24 }).map((all) => Buffer.from(all)),
);

format('any bytes are restored from plain text with line feeds', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z-]{0,5}$/), { minLength: 1, maxLength: 4 });
  const sections = names.chain((all) => fc.tuple(...all.map((name) => anyBytes.map((bytes) => ({ name, bytes })))));
  const content = fc.uniqueArray(
    fc.record({ name: fc.stringMatching(/^[a-z]{1,6}$/), sections }, { noNullPrototype: true }),
    {
      minLength: 1,
      maxLength: 3,
      selector: ({ name }) => name,
    },
  );
  fc.assert(
    fc.property(content, (cases) => {
      const text = formatCases(cases, 'file');
      assert.not.match(text, /[\r\0\ufeff]|[^\n]$/);
      assert.equal(parseCases(text, 'file'), cases);
    }),
    { numRuns: 1000 },
  );
});

format('words in the marker describe how the bytes differ from the text', () => {
  for (const [bytes, text] of [
    ['<a/>\n', '<a/>\n'],
    ['<a/>', '@@@ input no-final-newline\n<a/>\n'],
    ['\ufeff<a/>\r\n', '@@@ input bom crlf\n<a/>\n'],
    ['<a>\r</a>', '@@@ input cr no-final-newline\n<a>\n</a>\n'],
    ['<a>\r\n</a>\n', '@@@ input escaped\n<a>\\x0d\n</a>\n'],
    ['@@@ b\n', '@@@ input escaped\n\\x40@@ b\n'],
    ['', '@@@ input\n'],
  ]) {
    assert.is(written(Buffer.from(bytes as string)), text);
  }
  assert.is(written(Buffer.from('\ufeff<a/>\n', 'utf16le')), '@@@ input utf-16\n<a/>\n');
  assert.is(written(Buffer.from([0x61, 0xe4, 0x5c, 0x0a])), '@@@ input escaped\na\\xe4\\\\\n');
});

format('a file may have several cases, with sections and references', () => {
  const text = '=== one\n<a/>\n@@@ normalized = input\n=== two words\n@@@ host = test/a.json\n@@@ findings\n[]\n';
  const cases = parseCases(text, 'file');
  assert.equal(cases, [
    { name: 'one', sections: [section('input', '<a/>\n'), { name: 'normalized', reference: 'input' }] },
    { name: 'two words', sections: [{ name: 'host', reference: 'test/a.json' }, section('findings', '[]\n')] },
  ]);
  assert.is(formatCases(cases, 'file'), text);
});

format('an invalid case file is an error with its line number', () => {
  for (const [text, message] of [
    ['<a/>', '1: no line break at the end of the file'],
    ['<a/>\n@@@findings\n', '2: not a line "@@@ NAME WORD..." or "@@@ NAME = REFERENCE": @@@findings'],
    ['<a/>\n@@@ findings lf\n', '2: no word "lf": there are utf-16, bom, crlf, cr, no-final-newline, escaped'],
    ['<a/>\n@@@ input\n', '2: a second section input of the case file'],
    ['<a/>\n@@@ expanded = input\n<a/>\n', '3: text below a reference'],
    ['<a/>\n=== two\n<b/>\n', '1: a file with several cases begins with a line "=== NAME"'],
    ['=== one\n<a/>\n===two\n', '3: not a line "=== NAME": ===two'],
    ['=== one\n<a/>\n=== one\n', '3: a second case one'],
    ['<a/>\n@@@ b escaped\n\\y\n', '2: not an escape: \\y'],
    ['@@@ input escaped\né\n', '1: é has to be escaped'],
  ]) {
    assert.throws(
      () => parseCases(text as string, 'file'),
      (error: Error) => error.message === message,
      `${JSON.stringify(text)}: ${message}`,
    );
  }
});

format('every case file of the project has the canonical format, and no case is a copy', () => {
  const files = readdirSync(join(projectRoot, 'test'), { recursive: true, encoding: 'utf8' });
  const ofCases = files.filter((name) => /(?:^|[/-])cases\/.*\.txt$/.test(name));
  const seen = new Map<string, string>();
  for (const name of ofCases) {
    const text = readFileSync(join(projectRoot, 'test', name), 'utf8');
    const fileName = basename(name, '.txt');
    const cases = parseCases(text, fileName);
    assert.is(formatCases(cases, fileName), text, name);
    for (const one of cases) {
      const place = `${name}: ${one.name}`;
      // What one rule reports is a valid case of another.
      const group = /^(?:in)?valid: /.exec(one.name)?.[0] ?? '';
      const content = dirname(name) + group + formatCases([{ ...one, name: fileName }], fileName);
      assert.is(seen.get(content), undefined, `${place} is a copy`);
      seen.set(content, place);
    }
  }
  assert.ok(seen.size > 700, `${seen.size} found`);
});

format.run();

type Context = { folder: TemporaryFolder };
const files = suite<Context>('reading cases');
files.before.each((context) => {
  context.folder = new TemporaryFolder();
});
files.after.each(({ folder }) => folder.remove());

const failure = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no failure';
};

files('a different, a missing and a wrong reference text fail', ({ folder }) => {
  folder.write('a.txt', '<a/>\n@@@ normalized\n<b/>\n@@@ expanded = input\n');
  const [one] = readCases(folder.path, ['normalized', 'expanded', 'more']);
  assert.ok(one);
  one.expect('normalized', '<b/>\n');
  one.expect('expanded', '<a/>\n');
  assert.match(
    failure(() => one.expect('normalized', '<b/>')),
    'a.txt: a: normalized',
  );
  assert.match(
    failure(() => one.expect('expanded', '<b/>\n')),
    'a.txt: a: expanded',
  );
  assert.match(
    failure(() => one.expect('more', '')),
    'more is missing: UPDATE_CASES=1 writes it',
  );
});

files('an unused section or file, a duplicate case and an empty directory are errors', ({ folder }) => {
  const read = () => readCases(folder.path, ['findings']);
  assert.match(failure(read), 'no cases in');
  folder.write('a.txt', '<a/>\n@@@ finding\n[]\n');
  assert.match(failure(read), 'a.txt: a: no test reads the section finding');
  folder.write('a.txt', '<a/>\n@@@ findings\n[]\n');
  folder.write('b.txt', '=== a\n<a/>\n');
  assert.match(failure(read), 'b.txt: another file has a case a as well');
  folder.write('b.txt', '<a/>\n@@@ findings lf\n');
  assert.match(failure(read), 'b.txt:2: no word "lf"');
  folder.write('b.txt', '');
  folder.write('c.xml', '<a/>\n');
  assert.match(failure(read), 'c.xml is no case: its name does not end in .txt');
});

files(
  'UPDATE_CASES=1 writes only missing or different sections, and never overwrites a reference',
  async ({ folder }) => {
    folder.write('cases/a.txt', '=== one\n<a/>\n@@@ normalized\n<b/>\n=== two\n@@@ input crlf\n<c/>\n');
    folder.write('cases/b.txt', '<a/>\n@@@ normalized = input\n');
    const program = `
    const { readCases } = require(${JSON.stringify(join(projectRoot, 'test/support/case-files.ts'))});
    for (const one of readCases(${JSON.stringify(folder.join('cases'))}, ['normalized'])) {
      try { one.expect('normalized', '<new/>\\r\\n'); } catch (error) { console.log(one.name + ' fails'); }
    }`;
    const env = { ...process.env, UPDATE_CASES: '1' };
    const { code, stdout, stderr } = await run(process.execPath, ['-r', 'tsx/cjs', '-e', program], {
      cwd: projectRoot,
      env,
    });
    assert.is(code, 0, stderr);
    assert.is(stdout, 'b fails\n');
    const read = (name: string) => readFileSync(folder.join('cases', name), 'utf8');
    assert.is(
      read('a.txt'),
      '=== one\n<a/>\n@@@ normalized crlf\n<new/>\n=== two\n@@@ input crlf\n<c/>\n@@@ normalized crlf\n<new/>\n',
    );
    assert.is(read('b.txt'), '<a/>\n@@@ normalized = input\n');
  },
);

files.run();
