import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lintDocument } from '../../src/lint/lint-document.js';
import { decode, MAX_BYTES } from '../../src/xml/decode.js';
import { projectRoot, runCli } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { type Outcome, run } from '../support/run.js';
import { goodSamples } from '../support/samples.js';

const PROGRAMS = [
  ['lint-domain', []],
  ['hostdev-cpuset', ['normalize']],
] as const;
/** Limits of one run with hostile input. A usual run takes a tenth of each. */
const MOST_MEMORY_KB = 300 * 1024;
const MOST_CPU_MICROSECONDS = 5_000_000;

let folder = '';
let preload = '';
const bad = suite('bad input');

bad.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-bad-input-'));
  preload = join(folder, 'usage.cjs');
  writeFileSync(
    preload,
    `process.on('exit', () => require('node:fs').writeFileSync(process.env.USAGE_FILE, JSON.stringify(process.resourceUsage())));`,
  );
});
bad.after(() => rmSync(folder, { recursive: true, force: true }));

/** An input, the place of its error, a part of the message, and the rule. */
interface Case {
  name: string;
  content: string | Uint8Array | (() => string | Uint8Array);
  place: string;
  words: string;
  rule: string;
}

const device = (policy: string, metadata = '') => `<domain type='kvm'>
  <name>guest</name>
  <metadata>${metadata}</metadata>
  <memory>1048576</memory>
  <vcpu cpuset='0-1'>1</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <hostdev mode='subsystem' type='pci' cpuset="${policy}">
      <source><address bus='0x06'/></source>
    </hostdev>
  </devices>
</domain>
`;
const ours = (inside: string) => device('auto', `<hostdevs xmlns='urn:hostdev-cpuset:1'>${inside}</hostdevs>`);
const sample = readFileSync(join(projectRoot, 'samples/gpu.xml'));
const entities = (declared: string, used: string) =>
  `<!DOCTYPE domain [${declared}]>\n<domain type='kvm'><name>${used}</name></domain>`;

const malformed = (name: string, content: Case['content'], place: string, words: string): Case => ({
  name,
  content,
  place,
  words,
  rule: 'well-formed',
});
const cases: Case[] = [
  malformed('an empty file', '', '1:1', 'the file is empty'),
  malformed(
    'a program',
    () => Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0x80, 0xff, 0, 1]),
    '1:9',
    'invalid UTF-8',
  ),
  malformed('NUL bytes', '<domain>\n  \0\0</domain>', '2:3', 'NUL byte'),
  malformed('only NUL bytes', new Uint8Array(4096), '1:1', 'NUL byte'),
  malformed(
    'invalid UTF-8',
    Buffer.concat([Buffer.from('<domain>\n <name>\ufffd'), Buffer.from([0xe9]), Buffer.from('</name></domain>')]),
    '2:9',
    'invalid UTF-8',
  ),
  malformed('UTF-16 with BOM', () => Buffer.from(`\ufeff${device('auto')}`, 'utf16le'), '1:1', 'the file is in UTF-16'),
  malformed('UTF-16 without BOM', () => Buffer.from(device('auto'), 'utf16le'), '1:1', 'the file is in UTF-16'),
  malformed('nested entities', entities(nestedEntities(), '&e9;'), '1:1', 'a DOCTYPE is not allowed'),
  malformed(
    'quadratic entities',
    () => entities(`<!ENTITY a "${'x'.repeat(100_000)}">`, '&a;'.repeat(100_000)),
    '1:1',
    'a DOCTYPE is not allowed',
  ),
  malformed(
    'an external entity',
    entities('<!ENTITY x SYSTEM "file:///etc/hostname">', '&x;'),
    '1:1',
    'a DOCTYPE is not allowed',
  ),
  malformed(
    'an external DTD',
    '<!DOCTYPE domain SYSTEM "http://127.0.0.1:9/x.dtd">\n<domain/>',
    '1:1',
    'a DOCTYPE is not allowed',
  ),
  malformed('an undeclared entity', '<domain>\n<name>&e9;</name></domain>', '2:7', 'undefined entity &e9;'),
  malformed('elements 100,000 deep', () => '<a>'.repeat(100_000), '1:769', 'nested deeper than 256'),
  malformed(
    'a domain 100,000 deep',
    () => `<domain>\n${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</domain>`,
    '2:766',
    'nested deeper than 256',
  ),
  malformed(
    'an element with 200,000 attributes',
    () => `<domain\n>\n <a${Array.from({ length: 200_000 }, (_, i) => ` a${i}='1'`).join('')}/></domain>`,
    '3:2',
    'more than 1000 attributes',
  ),
  malformed('a file of 17 MiB', () => `<domain>${' '.repeat(17 * 1024 * 1024)}</domain>`, '1:1', 'larger than 16 MiB'),
  malformed(
    'a file of 16 MiB without an end',
    () => `<domain>${' '.repeat(MAX_BYTES - 8)}`,
    `1:${MAX_BYTES + 1}`,
    'the document ends inside <domain>',
  ),
  malformed(
    'a tag name of a megabyte',
    () => `<domain>\n<${'x'.repeat(1_000_000)}></y></domain>`,
    '2:1',
    'a name longer than 50000 bytes: xxx',
  ),
  malformed(
    "a text above libxml2's limit",
    () => `<domain>\n<title>${'x'.repeat(10_000_001)}</title></domain>`,
    '2:1',
    'more than 10000000 bytes of text in <title>',
  ),
  malformed(
    'a comment above the limit',
    () => `<domain>\n<!--${'x'.repeat(10_000_001)}--></domain>`,
    '2:1',
    'a comment longer than 10000000 bytes',
  ),
  malformed(
    'an attribute above the limit',
    () => `<domain>\n<a b="${'x'.repeat(10_000_001)}"/></domain>`,
    '2:1',
    'the value of b is longer than 10000000 bytes',
  ),
  malformed(
    'ASCII declared, but more used',
    '<?xml version="1.0" encoding="US-ASCII"?>\n<domain><name>\u00fc</name></domain>',
    '2:15',
    'not in the declared encoding US-ASCII',
  ),
  malformed('two roots', '<domain/>\n <domain/>', '2:2', 'a second root element'),
  malformed('an element named xmlns', '<domain>\n <xmlns/></domain>', '2:2', 'xmlns is reserved'),
  ...[1, 60, 700, 1200, sample.length - 2].map((length) => {
    const { line, column } = decodedPlace(sample.subarray(0, length));
    return malformed(
      `a sample cut at ${length} bytes`,
      sample.subarray(0, length),
      `${line}:${column}`,
      'the document ends',
    );
  }),
  { name: 'cpuset=""', content: device(''), place: '8:50', words: 'contains no CPU', rule: 'cpuset-empty' },
  {
    name: 'cpuset="0-99999999999"',
    content: device('0-99999999999'),
    place: '8:50',
    words: 'CPU 99999999999 is above 16383',
    rule: 'cpuset-syntax',
  },
  { name: 'cpuset="^0"', content: device('^0'), place: '8:50', words: 'contains no CPU', rule: 'cpuset-empty' },
  {
    name: 'cpuset=" auto "',
    content: device(' auto '),
    place: '8:50',
    words: 'write auto without spaces and in lower case',
    rule: 'cpuset-syntax',
  },
  {
    name: 'CPU 16384',
    content: device('16384'),
    place: '8:50',
    words: 'CPU 16384 is above 16383',
    rule: 'cpuset-syntax',
  },
  {
    name: 'a cpuset of a megabyte',
    content: () => device('0,'.repeat(500_000)),
    place: '8:50',
    words: 'longer than',
    rule: 'cpuset-syntax',
  },
  {
    name: 'elements that the schema would need minutes to validate',
    content: () =>
      `<domain type='kvm'>\n<metadata>\n <h xmlns='urn:x'>${'<a/>'.repeat(170_000)}</h></metadata></domain>`,
    place: '3:2',
    words: 'not validated with the schema: <h> has 170000 children',
    rule: 'schema',
  },
  {
    name: 'such elements in several parents',
    content: () =>
      device('auto', Array.from({ length: 8 }, (_, i) => `<h xmlns='urn:${i}'>${'<a/>'.repeat(20_000)}</h>`).join('')),
    place: '3:13',
    words: 'not validated with the schema: <h> has 20000 children',
    rule: 'schema',
  },
  {
    name: 'an error among 30,000 elements',
    content: () =>
      `<domain type='kvm'>\n<name>a</name><memory>1</memory>\n<features>${'<acpi/>'.repeat(30_000)}</features></domain>`,
    place: '3:18',
    words: 'a second <acpi> is not allowed in <features>: there are 30000',
    rule: 'schema',
  },
  {
    name: 'text in our metadata',
    content: ours('junk'),
    place: '3:52',
    words: 'text is not allowed in <hostdevs>',
    rule: 'metadata-syntax',
  },
  {
    name: 'another element in our metadata',
    content: ours('<a/>'),
    place: '3:52',
    words: '<a> is not allowed in <hostdevs>',
    rule: 'metadata-syntax',
  },
  {
    name: 'a path in our metadata',
    content: ours('<hostdev address="../../.." cpuset="1"/>'),
    place: '3:70',
    words: 'is not a canonical PCI address',
    rule: 'metadata-syntax',
  },
  {
    name: 'a long name in our metadata',
    content: () => ours(`<${'x'.repeat(50_000)}/>`),
    place: '3:52',
    words: 'is not allowed in <hostdevs>',
    rule: 'metadata-syntax',
  },
  {
    name: 'a <domain> in another namespace',
    content: '<!-- -->\n<domain xmlns="urn:x"/>',
    place: '2:1',
    words: '"urn:x" is not a libvirt domain',
    rule: 'not-a-domain',
  },
  {
    name: '<domainsnapshot>',
    content: '<domainsnapshot><name>x</name></domainsnapshot>',
    place: '1:1',
    words: '<domainsnapshot> is not a libvirt domain',
    rule: 'not-a-domain',
  },
  {
    name: '<network>',
    content: '<network><name>x</name></network>',
    place: '1:1',
    words: '<network> is not a libvirt domain',
    rule: 'not-a-domain',
  },
];

for (const { name, content, place, words, rule } of cases) {
  bad(name, async () => {
    const path = join(folder, 'input.xml');
    const bytes = Buffer.from(typeof content === 'function' ? content() : content);
    writeFileSync(path, bytes);
    const runProgram = isHostile(bytes) ? bounded : runInProcess;
    for (const [program, command] of PROGRAMS) {
      const outcome = await runProgram(program, [...command, path]);
      assert.not.match(outcome.stdout + outcome.stderr, /^ {4}at /m);
      assert.is(outcome.code, 1, outcome.stderr);
      const report = reportOf(program, outcome);
      const errors = report.split('\n').filter((line) => line.includes(': error: '));
      assert.is(errors.length, 1, report.slice(0, 2000));
      const [line] = errors as [string];
      assert.ok(line.startsWith(`${path}:${place}: error: `), line.slice(0, 400));
      assert.ok(
        line.includes(words) && line.endsWith(` [${rule}]`) && line.length < 500 + path.length,
        line.slice(0, 400),
      );
    }
  });
}

bad('standard input gives the same errors', async () => {
  for (const [program, command] of PROGRAMS) {
    for (const [input, place] of [
      ['', '1:1'],
      ['<domain>\n</x>', '2:1'],
      [' '.repeat(MAX_BYTES + 1000), '1:1'],
    ] as const) {
      const outcome = await runCli(program, [...command, '-'], { input });
      assert.is(outcome.code, 1, outcome.stderr);
      assert.ok(reportOf(program, outcome).startsWith(`<stdin>:${place}: error: `), outcome.stderr);
    }
  }
});

bad('a missing file is reported', async () => {
  const path = join(folder, 'missing.xml');
  for (const [program, command] of PROGRAMS)
    assertRejected(program, await bounded(program, [...command, path]), `${path}: no such file`);
});

bad('a directory in place of a file is reported', async () => {
  const path = join(folder, 'folder');
  mkdirSync(path);
  assertRejected('lint-domain', await bounded('lint-domain', [path]), `no .xml file in ${path}`);
  assertRejected('hostdev-cpuset', await bounded('hostdev-cpuset', ['normalize', path]), `${path}: is a directory`);
});

bad('a FIFO that nothing writes to is not taken for an empty file', async () => {
  const path = join(folder, 'fifo.xml');
  execFileSync('mkfifo', [path]);
  for (const [program, command] of PROGRAMS)
    assertRejected(program, await bounded(program, [...command, path]), `${path}: nothing writes to this FIFO`);
});

bad('an unreadable file is reported', async () => {
  const path = join(folder, 'unreadable.xml');
  writeFileSync(path, device('auto'));
  chmodSync(path, 0);
  for (const [program, command] of PROGRAMS) {
    assertRejected(program, await asNobody(program, [...command, path]), `${path}: permission denied`);
  }
});

bad('a sample cut at any byte has one error, at its end', () => {
  for (const { file, text } of goodSamples()) {
    const bytes = Buffer.from(text.replace('<domain', '<!-- ü€\u{1F600} -->\n<domain'));
    const complete = bytes.lastIndexOf('>') + 1;
    for (let length = 0; length < complete; length++) {
      const decoded = decode(bytes.subarray(0, length));
      const { findings, definition } = lintDocument(decoded);
      const [finding] = findings;
      assert.ok(finding && findings.length === 1 && !definition, `${file} ${length}`);
      assert.is(finding.rule, 'well-formed');
      assert.match(finding.message, /^(the file is empty|invalid UTF-8|the document ends .*)$/);
      const missing = decoded.problem && length > 0 ? 1 : 0;
      assert.is(finding.offset, decoded.text.length - missing, `${file} ${length}`);
    }
    assert.is(
      lintDocument(decode(bytes.subarray(0, complete))).findings.filter(({ severity }) => severity === 'error').length,
      0,
    );
  }
});

bad.run();

/** Whether an input could make the program use much memory or time. Others need no process of their own. */
function isHostile(bytes: Buffer): boolean {
  return bytes.length > 2000 || bytes.includes('<!DOCTYPE') || bytes.includes(0);
}

/** Runs a program and checks that it stayed within the limits. */
async function bounded(program: (typeof PROGRAMS)[number][0], args: string[]): Promise<Outcome> {
  const usageFile = join(folder, 'usage.json');
  rmSync(usageFile, { force: true });
  const outcome = await runCli(program, args, {
    env: { NODE_OPTIONS: `--require "${preload}"`, USAGE_FILE: usageFile },
  });
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(usageFile, 'utf8')) as NodeJS.ResourceUsage;
  assert.ok(maxRSS < MOST_MEMORY_KB, `${maxRSS} kB`);
  assert.ok(userCPUTime + systemCPUTime < MOST_CPU_MICROSECONDS, `${userCPUTime + systemCPUTime} µs`);
  assert.not.match(outcome.stdout + outcome.stderr, /^ {4}at /m);
  return outcome;
}

/** The stream of the report: standard output for lint, standard error for normalize, whose output is the document. */
function reportOf(program: string, { stdout, stderr }: Outcome): string {
  if (program === 'lint-domain') return stdout;
  assert.is(stdout, '');
  return stderr;
}

function assertRejected(program: string, { code, stdout, stderr }: Outcome, words: string): void {
  assert.is(code, 2, stderr);
  if (program === 'hostdev-cpuset') assert.is(stdout, '');
  assert.equal(
    stderr.split('\n').filter((line) => !line.startsWith('note: ')),
    [`${program}: ${words}`, ''],
  );
}

/** Root can read every file, so the program runs as another user from a copy that this user can read. */
function asNobody(program: string, args: string[]): Promise<Outcome> {
  if (process.getuid?.() !== 0) return runCli(program as 'lint-domain', args);
  const copy = join(folder, 'copy');
  for (const part of ['dist/bin', 'rng', 'package.json'])
    cpSync(join(projectRoot, part), join(copy, part), { recursive: true });
  // Independent of the umask of the build.
  execFileSync('chmod', ['-R', 'go+rX', copy]);
  chmodSync(folder, 0o755);
  const drop = join(folder, 'drop.cjs');
  writeFileSync(drop, 'process.setgroups([]); process.setgid(65534); process.setuid(65534);');
  return run(process.execPath, ['--require', drop, join(copy, `dist/bin/${program}.cjs`), ...args], {
    env: { PATH: process.env.PATH, NO_COLOR: '1' },
  });
}

function nestedEntities(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
  return `<!ENTITY e0 "lol">${levels.join('')}`;
}

/** Line and column after the last byte, counted simply. */
function decodedPlace(bytes: Uint8Array): { line: number; column: number } {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return { line: lines.length, column: (lines.at(-1) as string).length + 1 };
}
