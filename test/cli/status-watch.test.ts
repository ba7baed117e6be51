import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { needs, suiteWhere } from '../support/needs.js';
import { ELSEWHERE, guestOn, IN_PLACE, RunningHost } from '../support/running-host.js';
import { Workstation } from '../support/simulated-tree.js';
import { type Step, talkInTerminal } from '../support/terminal.js';

const test = suiteWhere('status --watch', needs('script'));
const gpu = join(projectRoot, 'samples/gpu.xml');
const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
let host: Workstation;
test.before.each(() => {
  host = new Workstation();
});
test.after.each(() => host.remove());

const watch = (
  steps: Step[],
  prefix = 'stty rows 24 cols 80;',
  args = ['--watch', '0.1', '--sample', '0', '--root', host.root, gpu],
) => talkInTerminal('hostdev-cpuset', ['status', ...args], steps, { prefix });
/** Sets the count of interrupt 41 on CPU 4 of 16. */
function setCount(count: number): void {
  const counts = Array.from({ length: 16 }, (_, cpu) => (cpu === 4 ? count : 0));
  writeFileSync(join(host.root, 'sys/kernel/irq/41/per_cpu_count'), `${counts.join(',')}\n`);
}
const row = (rate: string) => new RegExp(`  41  msi\\[0\\] .* ${rate}  set`);

test('rates since the previous refresh are shown on the alternate screen, which is closed at the end', async () => {
  setCount(0);
  const { code, stdout } = await watch([
    { when: row('-'), type: () => {} },
    { when: row('0'), type: () => setCount(1_000_000_000) },
    { when: row('\\d+\\.\\dM'), type: 'q' },
  ]);
  assert.is(code, 0);
  assert.ok(stdout.startsWith(OPEN));
  assert.ok(stdout.endsWith(CLOSE));
  assert.match(
    stripVTControlCharacters(stdout),
    /^\d\d:\d\d:\d\d {2}every 0\.1 s {2}q quits\r\n\r\nworkstation \(vCPUs/,
  );
});

test('the verdict of the policies of named domains is shown from the second poll on', async () => {
  setCount(0);
  const { code } = await watch(
    [
      { when: row('0'), type: () => setCount(1_000_000) },
      { when: /0000:01:00\.0: in place: \S+ interrupts\/s/, type: 'q' },
    ],
    'stty rows 40 cols 200;',
    ['--watch', '0.1', '--root', host.root, gpu],
  );
  assert.is(code, 0);
});

for (const [name, type] of [
  ['Ctrl-C', '\u0003'],
  ['SIGTERM', (pid: number) => process.kill(childOf(pid), 'SIGTERM')],
  ['SIGINT', (pid: number) => process.kill(childOf(pid), 'SIGINT')],
] as const) {
  test(`${name} restores the terminal`, async () => {
    const { code, stdout } = await watch([{ when: /3 misplaced/, type }]);
    assert.is(code, 0);
    assert.ok(stdout.endsWith(CLOSE));
  });
}

/** Runs the command as a job of a shell, which reports when it stops and then resumes it. */
const IN_SHELL = `stty rows 24 cols 80; job() { shift; bash -mc '"$@"; echo "stopped with $?"; fg > /dev/null; echo "ended with $?"' sh "$@"; }; job`;

test('Ctrl-Z returns to the shell; fg draws the screen again', async () => {
  const { stdout } = await watch(
    [
      { when: /3 misplaced/, type: '\u001a' },
      { when: /stopped with 148[\s\S]*q quits\r\n\r\nworkstation/, type: 'q' },
      { when: /ended with 0/, type: () => {} },
    ],
    IN_SHELL,
  );
  const [before = '', after = ''] = stdout.split('stopped with 148');
  assert.ok(before.includes(CLOSE) && !before.slice(before.lastIndexOf(CLOSE)).includes(OPEN));
  assert.ok(after.includes(OPEN) && after.lastIndexOf(CLOSE) > after.lastIndexOf(OPEN));
  // Nothing is drawn on the shell's screen.
  assert.not.match(after.slice(0, after.indexOf(OPEN)), 'q quits');
});

test('a line that fills its row keeps its last character', async () => {
  const { stdout } = await watch([{ when: /3 misplaced/, type: 'q' }], 'stty rows 24 cols 80;');
  const erased = stdout.split('\u001b[K').slice(0, -1);
  assert.ok(erased.length > 1);
  // At the start of a row: after a line end, or after moving the cursor home.
  for (const before of erased) assert.match(before, /(?:\n|\[H)$/);
});

test('on a low terminal the screen scrolls; a resize draws it again', async () => {
  const { code, stdout } = await watch(
    [
      { when: /lines 1-6 of 13/, type: ' ' },
      { when: /lines 7-12 of 13/, type: 'k' },
      { when: /lines 6-11 of 13/, type: (pid) => resize(childOf(pid), 40) },
      { when: /q quits\r\n\r\nworkstation/, type: 'q' },
    ],
    'stty rows 8 cols 80;',
  );
  assert.is(code, 0, stdout);
});

test('all scroll keys work', async () => {
  const keys = [
    [' ', 7],
    ['\u001b[5~', 1],
    ['\u001b[B', 2],
    ['j', 3],
    ['\u001bOB', 4],
    ['\u001b[A', 3],
    ['\u001bOA', 2],
    ['k', 1],
    ['\u001b[6~', 7],
    ['\u001b[F', 8],
    ['\u001b[H', 1],
    ['\u001b[4~', 8],
    ['\u001b[1~', 1],
    ['\u001bOF', 8],
    ['\u001bOH', 1],
    ['\u001b[8~', 8],
    ['\u001b[7~', 1],
    ['G', 8],
    ['g', 1],
  ] as const;
  const shows = (first: number) => new RegExp(`lines ${first}-${first + 5} of 13`);
  const steps = keys.map(([type], index) => ({ when: shows(keys[index - 1]?.[1] ?? 1), type }));
  const { code } = await watch([...steps, { when: shows(1), type: 'Q' }], 'stty rows 8 cols 80;');
  assert.is(code, 0);
});

test('an unreadable host is reported on the screen, and shown again once it is readable', async () => {
  const online = join(host.root, 'sys/devices/system/cpu/online');
  const text = readFileSync(online, 'utf8');
  const { code } = await watch([
    { when: /3 misplaced/, type: () => writeFileSync(online, 'x\n') },
    { when: /hostdev-cpuset:.{0,400}EBADMSG/s, type: () => writeFileSync(online, text) },
    { when: /q quits\r\n\r\nworkstation/, type: 'q' },
  ]);
  assert.is(code, 0);
});

test('an error at the start is printed on the ordinary screen', async () => {
  const { code, stdout } = await watch([], '', ['--watch', '--root', host.root, join(host.root, 'absent.xml')]);
  assert.match(stdout, /^hostdev-cpuset: .*absent\.xml: no such file\r\n$/);
  assert.is(code, 2);
});

test('without a terminal each refresh is a block of text, until the reader closes the pipe', async () => {
  const child = spawn(process.execPath, [
    `${projectRoot}dist/bin/hostdev-cpuset.cjs`,
    ...['status', '--watch', '0.1', '--root', host.root, gpu],
  ]);
  let text = '';
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve) =>
    child.stdout.setEncoding('utf8').on('data', (data) => {
      text += data;
      if (text.split('3 misplaced').length > 3) resolve();
    }),
  );
  child.stdout.destroy();
  assert.is(await ended, 0);
  assert.is(errors, '');
  assert.not.match(text, '\u001b');
  assert.match(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z\nworkstation .*\n +IRQ .* PER S +ACTION\n/);
  assert.match(text, /2 left alone\nno watcher runs: .*\n\n\d{4}-/);
});

test('without names: the guests, of which one is opened and closed, and searched', async () => {
  const running = new RunningHost([
    guestOn('vnf-1', IN_PLACE),
    guestOn('vnf-2', IN_PLACE),
    guestOn('router', ELSEWHERE),
  ]);
  try {
    const { code, stdout } = await watch(
      [
        // also with dozens of guests, what is wrong with the host is seen at once
        { when: /no watcher runs: .*GUEST .*> router .*vnf-1 .*vnf-2 /s, type: '\u001b[4~' },
        { when: /> vnf-2 /, type: '\r' },
        { when: /Esc back.*vnf-2 \(vCPUs.*msix\[0\]/s, type: '\u001b' },
        { when: /> vnf-2 /, type: '/rout' },
        { when: /search: rout_.*> router/s, type: '\r' },
        { when: /\/rout \(Esc all\)/, type: 'q' },
      ],
      'stty rows 24 cols 100;',
      ['--watch', '0.1', '--root', running.root],
    );
    assert.is(code, 0);
    assert.ok(stdout.endsWith(CLOSE));
  } finally {
    running.remove();
  }
});

test('the list on a terminal of few lines and columns', async () => {
  const running = new RunningHost([guestOn('vnf-1', IN_PLACE), guestOn('vnf-2', IN_PLACE)]);
  try {
    for (const size of ['rows 1 cols 1', 'rows 3 cols 20', 'rows 0 cols 0', 'rows 5 cols 40']) {
      const args = ['--watch', '0.1', '--root', running.root];
      const { code } = await watch(
        [
          { when: /\S/, type: 'G' },
          { when: /\S/, type: 'q' },
        ],
        `stty ${size};`,
        args,
      );
      assert.is(code, 0, size);
    }
  } finally {
    running.remove();
  }
});

test('with --json: a document a line, on a terminal too', async () => {
  const { stdout } = await watch([{ when: /\n.*\n/s, type: '\u0003' }], 'stty rows 24 cols 80;', [
    '--watch',
    '0.1',
    '--json',
    '--root',
    host.root,
    gpu,
  ]).catch((error: Error) => ({ stdout: `${error}` }));
  const [first = '', second = ''] = stdout.split('\r\n');
  for (const line of [first, second]) validateEnforceReport(JSON.parse(line));
});

test('--watch accepts seconds or a domain, and rejects anything else', async () => {
  const refused = async (...args: string[]) => (await runCli('hostdev-cpuset', ['status', ...args])).stderr;
  assert.match(await refused('--watch', '0'), /--watch takes 0\.1 to 86400 seconds/);
  assert.match(await refused('--root', host.root, '--watch', './absent.xml'), /absent\.xml: no such file/);
});

test.run();

/** The shell has become the executable. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/** Changes the size like a terminal window: the kernel sends SIGWINCH. */
function resize(pid: number, rows: number): void {
  execFileSync('stty', ['-F', `/proc/${pid}/fd/1`, 'rows', `${rows}`]);
}
