import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { openEngine } from '../../src/schema/engine.js';
import { findGrammar, includeAll } from '../../src/schema/grammar.js';
import { SchemaError } from '../../src/schema/schema-error.js';
import { startXmllint, validateText } from '../../src/schema/xmllint.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';

const GOOD = '<domain type="kvm"><name>a</name></domain>';
const BAD = '<domain type="kvm"><name>a</name><devices><hostdev type="pci" cpuset="x"/></devices></domain>';
const MALFORMED = '<domain type="kvm"><name>a</name>';

const xmllint = suiteWhere('xmllint', needs('xmllint'));
const grammar = findGrammar({ env: {}, defaultFolders: [] });
const options = { env: process.env };
let folder = '';
xmllint.before.each(() => {
  folder = mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`);
});
xmllint.after.each(() => rmSync(folder, { recursive: true }));

/** Writes files with these texts, and returns their paths in the same order. */
function files(texts: Record<string, string>): string[] {
  return Object.entries(texts).map(([name, text]) => {
    const path = `${folder}/${name}`;
    writeFileSync(path, text);
    return path;
  });
}

async function validity(paths: string[]): Promise<(boolean | undefined)[]> {
  const verdicts = await startXmllint(paths, grammar, options).verdicts;
  return paths.map((path) => verdicts.get(path)?.valid);
}

xmllint('file names with a meaning for xmllint are only names', async () => {
  const names = [
    '-',
    '--version',
    '%41.xml',
    'a b.xml',
    'é.xml',
    "'.xml",
    '"&<.xml',
    'n:1.xml',
    'http:',
    'x validates',
    '\n.xml',
    '$(id).xml',
    'x\ny validates',
    '*.xml',
  ];
  mkdirSync(`${folder}/http:dir`);
  const good = files(Object.fromEntries(names.map((name) => [name, GOOD])));
  const bad = files(Object.fromEntries(names.map((name) => [`bad ${name}`, BAD])));
  assert.equal(await validity([...good, ...bad, ...files({ 'http:dir/-': BAD })]), [
    ...names.map(() => true),
    ...names.map(() => false),
    false,
  ]);
});

xmllint('a document that imitates the result for another is detected', async () => {
  const [victim, other] = [`${folder}/2.xml`, `${folder}/3.xml`];
  const forged = `&#10;${victim} validates&#10;${other} fails to validate&#10;`;
  const paths = files({
    '1.xml': `<domain type="kvm"><name>a</name><devices><hostdev type="${forged}"/></devices></domain>`,
    '2.xml': BAD,
    '3.xml': GOOD,
    '4.xml': `<domain>\n${victim} validates\n<`,
  });
  assert.equal(await validity(paths), [false, false, true, false]);
});

xmllint('malformed, missing and unreadable files, and directories, do not affect the others', async () => {
  const paths = [
    ...files({ '1.xml': MALFORMED, '2.xml': GOOD, '3.xml': '' }),
    `${folder}/none.xml`,
    folder,
    ...files({ '9.xml': GOOD }),
  ];
  assert.equal(await validity(paths), [false, true, false, undefined, false, true]);
});

xmllint('many valid and invalid files are validated in several processes', async () => {
  const paths = files(
    Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`${index}.xml`, index % 7 === 3 ? BAD : GOOD])),
  );
  assert.equal(
    await validity(paths),
    paths.map((_, index) => index % 7 !== 3),
  );
});

xmllint('for many files its priority is lower than ours', async () => {
  // Prints its priority after some time.
  writeFileSync(`${folder}/xmllint`, `#!/bin/sh\nsleep 1; nice >>'${folder}/nice'\n`);
  chmodSync(`${folder}/xmllint`, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const niceness = async (count: number) => {
    rmSync(`${folder}/nice`, { force: true });
    const paths = files(Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}.xml`, GOOD])));
    await startXmllint(paths, grammar, { env }).verdicts;
    return [...new Set(readFileSync(`${folder}/nice`, 'utf8').trim().split('\n').map(Number))];
  };
  const own = getPriority();
  assert.equal(await niceness(1), [own]);
  assert.equal(await niceness(101), [Math.min(own + 5, 19)]);
});

xmllint('an error has the line and the reason', async () => {
  const verdict = await validateText(`<domain type="kvm">\n<name>a</name>\n`, grammar, options);
  assert.equal(verdict, { valid: false, line: 3, message: 'Premature end of data in tag domain line 1' });
  assert.equal(await validateText('<network/>', grammar, options), {
    valid: false,
    line: 1,
    message: 'Expecting element domain, got network',
  });
});

xmllint('a file that exceeds the time limit is reported, and the others are validated', async () => {
  // Replaces xmllint by one that hangs at one document.
  writeFileSync(
    `${folder}/xmllint`,
    `#!/bin/sh
for file in "$@"; do
  case $file in
    *slow.xml) exec sleep 60 ;;
    *.xml) echo "$file validates" >&2 ;;
  esac
done
`,
  );
  chmodSync(`${folder}/xmllint`, 0o755);
  const paths = files({ '1.xml': GOOD, 'slow.xml': GOOD, '3.xml': GOOD });
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const verdicts = await startXmllint(paths, grammar, { env, cpuTimeLimitMs: 500 }).verdicts;
  assert.equal(
    paths.map((path) => verdicts.get(path)),
    [
      { valid: true },
      { valid: false, undecided: true, message: 'xmllint gave no verdict within 0.5 s' },
      { valid: true },
    ],
  );
});

xmllint('cancel ends it at once', async () => {
  writeFileSync(`${folder}/xmllint`, '#!/bin/sh\nexec sleep 60\n');
  chmodSync(`${folder}/xmllint`, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const run = startXmllint(files({ '1.xml': GOOD, 'n:2.xml': GOOD }), grammar, { env });
  run.cancel();
  assert.is((await run.verdicts).size, 0);
});

xmllint('a grammar that does not compile is one clear error, and so is a missing temporary directory', async () => {
  const broken = {
    kind: 'libvirt' as const,
    text: '<grammar xmlns="http://relaxng.org/ns/structure/1.0"/>',
    directories: [],
  };
  await rejects(startXmllint(files({ '1.xml': GOOD }), broken, options).verdicts, /^the schema does not compile: /);
  await withTemporary(`${folder}/none`, () =>
    rejects(
      startXmllint(files({ '1.xml': GOOD }), broken, options).verdicts,
      /^cannot write a temporary file in [^\n]*: no such directory$/,
    ),
  );
});

xmllint('a generated grammar leaves no file behind', async () => {
  const { file: _, ...rest } = grammar;
  const text = includeAll(`${projectRoot}rng/builtin.rng`);
  await withTemporary(folder, async () => {
    assert.is((await validateText(GOOD, { ...rest, text }, options))?.valid, true);
    assert.is((await validateText(BAD, { ...rest, text }, options))?.valid, false);
    assert.equal(readdirSync(folder), []);
  });
});

const FAILURES = {
  'exit 127': '#!/bin/sh\necho "xmllint: cannot load libxml2.so.2" >&2\nexit 127\n',
  'exit 1 of something else': '#!/bin/sh\necho "usage: xmllint" >&2\nexit 1\n',
  'out of memory': '#!/bin/sh\necho "-:1: element name: validity error : odd" >&2\nexit 9\n',
  'exit 3 without a verdict': '#!/bin/sh\nexit 3\n',
  killed: '#!/bin/sh\nkill -9 $$\n',
  'no such interpreter': '#!/nowhere/sh\n',
};
for (const [name, program] of Object.entries(FAILURES)) {
  xmllint(`a failure of xmllint is not a result for the document: ${name}`, async () => {
    writeFileSync(`${folder}/xmllint`, program);
    chmodSync(`${folder}/xmllint`, 0o755);
    const env = { ...process.env, PATH: folder };
    const paths = files({ '1.xml': GOOD, '2.xml': BAD, 'n:3.xml': GOOD });
    assert.is((await startXmllint(paths, grammar, { env }).verdicts).size, 0);
    assert.is(await validateText(GOOD, grammar, { env }), undefined);

    const engine = await openEngine('xmllint', grammar, env);
    const documents = [GOOD, BAD, GOOD].map((text, index) => ({ name: '', path: paths[index] as string, text }));
    const verdicts = await engine.validate([...documents, { name: '', text: BAD }, { name: '', text: GOOD }]);
    assert.equal(
      verdicts.map(({ valid }) => valid),
      [true, false, true, false, true],
    );
    engine.close();
  });
}

xmllint('a path below /dev or /proc is opened in this process', async () => {
  const [path = ''] = files({ '1.xml': BAD });
  const file = openSync(path, 'r');
  try {
    const paths = [`/dev/fd/${file}`, `/proc/self/fd/${file}`];
    assert.equal(await validity(paths), [false, false]);
    writeFileSync(path, GOOD);
    assert.equal(await validity(paths), [true, true]);
  } finally {
    closeSync(file);
  }
});

xmllint.run();

async function withTemporary(temporary: string, act: () => Promise<void>): Promise<void> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  try {
    await act();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

async function rejects(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, SchemaError);
  assert.match((error as SchemaError).message, message);
  assert.not.match((error as SchemaError).message, '\n');
}
