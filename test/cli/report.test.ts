import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runInProcess } from '../support/cli-in-process.js';
import { ELSEWHERE, guestOn, IN_PLACE, RunningHost } from '../support/running-host.js';

const test = suite('report');
let host: RunningHost;
/** Documents of two hosts, by name. */
const files: Record<string, string> = {};
test.before(async () => {
  host = new RunningHost([guestOn('router', IN_PLACE, ELSEWHERE), guestOn('vnf', IN_PLACE)]);
  const other = new RunningHost([guestOn('vnf', IN_PLACE)]);
  for (const [name, { root }] of [
    ['a', host],
    ['b', other],
  ] as const) {
    const { stdout } = await runInProcess('hostdev-cpuset', ['status', '--json', '--root', root]);
    const document = JSON.parse(stdout);
    Object.assign(document.host, { name: `host-${name}`, time: `2026-01-0${name === 'a' ? 1 : 2}T00:00:00.000Z` });
    if (name === 'b') document.problems = [];
    files[name] = host.write(`${name}.json`, `${JSON.stringify(document, null, 2)}\n`);
  }
  other.remove();
});
test.after(() => host.remove());

const report = (...args: string[]) => runInProcess('hostdev-cpuset', ['report', ...args]);
const both = () => [files.a as string, files.b as string];
const ALL = [
  'HOST    IRQS  IN PLACE  MISPLACED  REMOTE  CONTESTED  ON VCPUS  PROBLEMS',
  'host-a     3         2          1       1          -      40 %  no-watcher',
  'host-b     1         1          0       0          -     100 %',
  '',
  'HOST GUEST     IRQS  IN PLACE  MISPLACED  REMOTE  CONTESTED  POSTED  ON VCPUS',
  'host-a router     2         1          1       1          -       -      25 %',
  '',
  '2 hosts, 3 guests with 4 interrupts: 1 misplaced, 3 in place, 1 remote',
  'read from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z',
  '',
];

test('a line a host, then the guests that are not as they should be', async () => {
  const { code, stdout, stderr } = await report(...both());
  assert.is(stderr, '');
  assert.equal(stdout.split('\n'), ALL);
  assert.is(code, 0);
  assert.match((await report('--details', ...both())).stdout, /^host-b vnf +1 +1 /m);
});

test('several documents one after the other, also a line each; of one host the last counts', async () => {
  const [a, b] = both().map((path) => readFileSync(path, 'utf8')) as [string, string];
  const line = (text: string) => `${JSON.stringify(JSON.parse(text))}\n`;
  const earlier = a.replace('2026-01-01T', '2025-01-01T').replace('"router"', '"older"');
  for (const input of [a + b, line(a) + line(b), b + a + earlier, line(earlier) + b + a]) {
    const { stdout } = await runInProcess('hostdev-cpuset', ['report', '-'], { input });
    assert.equal(stdout.split('\n'), ALL);
  }
});

test('--check: one line, one exit status', async () => {
  const wrong = await report('--check', ...both());
  assert.is(
    wrong.stdout,
    'PROBLEM: host-a: 1 interrupt misplaced (router), no watcher runs: interrupts that appear from now on are not placed\n',
  );
  assert.is(wrong.code, 1);
  const fine = await report('--check', files.b as string);
  assert.equal([fine.stdout, fine.code], ['OK: 1 interrupt of 1 guest in place\n', 0]);
});

test('--max-age: what was read long ago says nothing of now', async () => {
  const { stdout, code } = await report('--check', '--max-age', '60', files.b as string);
  assert.is(stdout, 'PROBLEM: host-b: read at 2026-01-02T00:00:00.000Z, too long ago\n');
  assert.is(code, 1);
  assert.match((await report('--max-age', '60', files.b as string)).stdout, /^host-b .* too-old$/m);
});

test('a host that was not reached is an error, and the others are shown', async () => {
  const empty = host.write('empty.json', '');
  const { code, stdout, stderr } = await report(...both(), empty, 'absent.json');
  assert.is(
    stderr,
    `hostdev-cpuset: ${empty}: it is empty: was the host reached?\nhostdev-cpuset: absent.json: no such file\n`,
  );
  assert.equal(stdout.split('\n'), ALL);
  assert.is(code, 2);
  const check = await report('--check', files.b as string, empty);
  assert.is(check.stdout, `FAILED: ${empty}: it is empty: was the host reached?\n`);
  assert.is(check.code, 2);
});

test('what is no such document is refused in a line', async () => {
  const a = JSON.parse(readFileSync(files.a as string, 'utf8'));
  const interrupt = { irq: 1, handlers: [], action: 'keep', affinity: null, counts: {} };
  const withInterrupt = (change: object) => [
    { ...a.domains[0], devices: [{ problems: [], interrupts: [{ ...interrupt, ...change }] }] },
  ];
  for (const value of [
    '{',
    '[]',
    '{"schemaVersion":2,"domains":[],"summary":{}}',
    { ...a, domains: [{ name: 1 }] },
    { ...a, domains: withInterrupt({ action: 'other' }) },
    { ...a, domains: withInterrupt({ counts: { 1: 'x' } }) },
    { ...a, domains: withInterrupt({ handlers: 'x' }) },
    { ...a, host: { name: 7 } },
    { ...a, host: { time: 'Tue, 1 Feb' } },
    { ...a, host: { time: '2026-99-99T' } },
    { ...a, problems: [{}] },
    { ...a, watcher: 'x' },
    { ...a, watcher: { counters: { contestedNow: 'x' } } },
    { ...a, host: null },
    { ...a, host: [] },
  ]) {
    const path = host.write('bad.json', typeof value === 'string' ? value : JSON.stringify(value));
    const { code, stderr } = await report(path);
    assert.match(
      stderr,
      new RegExp(
        `^hostdev-cpuset: ${path}: (not JSON: |not the output of hostdev-cpuset status --json|schemaVersion 2: this version)[^\\n]*\\n$`,
      ),
    );
    assert.is(code, 2);
  }
});

test('an error names its file, whatever the name', async () => {
  for (const [name, text] of [
    ['it', ''],
    ['n', '{'],
    ['s', '{"schemaVersion":2,"domains":[],"summary":{}}'],
  ] as const) {
    host.write(name, text);
    const { stderr } = await runInProcess('hostdev-cpuset', ['report', name], { cwd: host.path });
    assert.ok(stderr.startsWith(`hostdev-cpuset: ${name}: `), stderr);
  }
});

test('a document of an earlier version: the watcher is unknown', async () => {
  const { problems, host: _, ...old } = JSON.parse(readFileSync(files.b as string, 'utf8'));
  const path = host.write('old.json', JSON.stringify({ ...old, host: { nodes: [] } }));
  const { stdout } = await report('--check', path);
  assert.is(stdout, `PROBLEM: ${path}: whether a watcher runs is unknown\n`);
});

test('a document that is cut off does not take the others of its file with it', async () => {
  const [a, b] = both().map((path) => readFileSync(path, 'utf8')) as [string, string];
  const path = host.write('log.json', a + b + a.slice(0, 300));
  const { code, stdout, stderr } = await report(path);
  assert.match(stderr, /^hostdev-cpuset: [^\n]*log\.json: document 3: not JSON: [^\n]*\n$/);
  assert.equal(stdout.split('\n'), ALL);
  assert.is(code, 2);
});

test('a file of many refreshes may be larger than a definition', async () => {
  const line = `${JSON.stringify(JSON.parse(readFileSync(files.b as string, 'utf8')))}\n`;
  const path = host.write('long.json', line.repeat(Math.ceil(17e6 / line.length)));
  const { code, stderr } = await report('--check', path);
  assert.equal([code, stderr], [0, '']);
});

test('two files of one host: a note, as two hosts may have one name', async () => {
  const copy = host.write('copy.json', readFileSync(files.a as string, 'utf8'));
  const { code, stdout, stderr } = await report(...both(), copy);
  assert.is(stderr, `note: only the latest document of host host-a counts: ${files.a}, ${copy}\n`);
  assert.equal([code, stdout.split('\n')], [0, ALL]);
});

test('a host without a name has that of its file', async () => {
  const text = readFileSync(files.b as string, 'utf8').replace('"host-b"', '""');
  const path = host.write('nameless.json', text);
  assert.match((await report(path)).stdout, new RegExp(`^${path.slice(0, 12)}\\S+ +1 `, 'm'));
});

test('a long host name does not hide the guest', async () => {
  const name = 'compute-017.rack-4.cluster-a.example.com';
  const text = readFileSync(files.a as string, 'utf8').replace('"host-a"', `"${name}"`);
  const { stdout } = await report('--details', host.write('long-name.json', text));
  assert.match(stdout, /^compute\S+…\S+ router +2 /m);
  assert.match(stdout, /^compute\S+…\S+ vnf +1 /m);
});

test('--max-age: a time in the future is a problem', async () => {
  const text = readFileSync(files.b as string, 'utf8').replace('2026-01-02T', '2199-01-02T');
  const { code, stdout } = await report('--check', '--max-age', '60', host.write('future.json', text));
  assert.match(stdout, /^PROBLEM: host-b: read at 2199-01-02T00:00:00.000Z, which is in the future: [^\n]*\n$/);
  assert.is(code, 1);
});

test('--html: a page', async () => {
  const page = host.join('fleet.html');
  const { code, stdout } = await report('--html', page, ...both());
  assert.equal([code, stdout], [0, '']);
  assert.match(readFileSync(page, 'utf8'), /^<!DOCTYPE html>[\s\S]*href="#host-1"[\s\S]*id="host-1"[\s\S]*<\/html>\n$/);
  assert.not.ok(existsSync('-'));
});

test('names of hosts and files cannot control the terminal', async () => {
  const document = JSON.parse(readFileSync(files.a as string, 'utf8'));
  document.host.name = 'x\u001b[2Jy';
  document.domains[0].name = 'g\u202e';
  const path = host.write('hostile.json', JSON.stringify(document));
  for (const args of [[path], ['--check', path], ['--details', path]]) {
    const { stdout } = await report(...args);
    for (const control of ['\u001b', '\u202e']) assert.not.ok(stdout.includes(control));
    assert.match(stdout, 'x\ufffd[2Jy');
  }
});

test('nothing to read on a terminal or without files is no success', async () => {
  const { code, stderr } = await runInProcess('hostdev-cpuset', ['report'], { input: '' });
  assert.is(code, 2);
  assert.match(stderr, /it is empty/);
});

test.run();
