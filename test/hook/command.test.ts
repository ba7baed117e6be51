import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import type { Outcome } from '../support/run.js';
import { run } from '../support/run.js';
import { installFront } from './installed-front.js';
import { BOTH, liveXml, SimulatedRoot } from './simulated-root.js';

const test = suite('hook command');
let root: SimulatedRoot;

test.before.each(() => {
  root = new SimulatedRoot();
});
test.after.each(() => root.remove());

const hook = (words: string[], xml: string, env: Record<string, string> = {}) =>
  runCli('hostdev-cpuset', ['hook', ...words, '--root', root.path], { input: xml, env });
const call = (operation: string, suboperation = 'begin') => ['guest', operation, suboperation, '-'];
const quiet: Outcome = { code: 0, stdout: '', stderr: '' };
const PLACED = 'hostdev-cpuset: guest: started: 4 set, 0 kept, 0 skipped, 0 failed\n';

test('started: the interrupts are placed; without a journal one line goes to standard error', async () => {
  assert.equal(await hook(call('started'), BOTH), { ...quiet, stderr: PLACED });
  assert.is(root.affinity(40), '2-3');
});

test('with a journal the line goes there', async () => {
  root.write('run/systemd/journal/none', '');
  let received = '';
  const server = createServer((connection) => {
    connection.on('data', (data) => {
      received += data;
    });
  });
  await new Promise<void>((resolve) => server.listen(root.join('run/systemd/journal/stdout'), resolve));
  try {
    assert.equal(await hook(call('started'), BOTH), quiet);
    assert.match(received, /^hostdev-cpuset\n.*<6>guest: started: 4 set, 0 kept, 0 skipped, 0 failed\n$/s);
  } finally {
    server.close();
  }
});

test('lines have their priority as a prefix if the front requests it', async () => {
  const { stderr } = await hook(call('started'), BOTH, { HOSTDEV_CPUSET_LINES: 'prefixed' });
  assert.is(stderr, '<6>guest: started: 4 set, 0 kept, 0 skipped, 0 failed\n');
  root.configure('{ "onError": "abort", "x": 1 }');
  const wrong = await hook(call('started'), BOTH, { HOSTDEV_CPUSET_LINES: 'prefixed' });
  assert.match(wrong.stderr, /^<3>guest: started: .*unknown key "x" in the configuration[^\n]*\n$/);
});

test('details are printed on request', async () => {
  const { stderr } = await hook(call('started'), BOTH, { HOSTDEV_CPUSET_DEBUG: '1' });
  assert.is(stderr.split('\n').length, 6);
});

for (const operation of ['start', 'restore', 'migrate', 'no such operation']) {
  test(`${operation}: nothing is done`, async () => {
    assert.equal(await hook(call(operation), BOTH), quiet);
    assert.is(root.affinity(40), '0-7');
  });
}

for (const words of [
  [],
  ['guest', 'started'],
  ['--help'],
  [...call('started'), '--rot', '/'],
  [...call('started'), '--root', ''],
  [...call('started'), '--root='],
]) {
  test(`a usage error is one line and status 0: ${words.join(' ') || 'no arguments'}`, async () => {
    const { code, stdout, stderr } = await runCli('hostdev-cpuset', ['hook', ...words], { input: BOTH });
    assert.is(code, 0);
    assert.is(stdout, '');
    assert.match(stderr, /^hostdev-cpuset: usage: hostdev-cpuset hook [^\n]*\n$/);
  });
}

test('a name that looks like an option is a name', async () => {
  const { code, stderr } = await hook(['--root=/nowhere', 'started', 'begin', '-'], BOTH);
  assert.is(code, 0);
  assert.is(stderr, PLACED.replace('guest', '--root=/nowhere'));
});

test('prepare: status 1 and one line with the reason, if the configuration says so', async () => {
  const xml = liveXml('<hostdev address="0000:06:12.5" cpuset="9"/>');
  assert.equal(await hook(call('prepare'), xml), quiet);
  root.configure('{ "onError": "abort" }');
  const reason = 'guest: prepare: 0000:06:12.5: 9: none of its CPUs is online';
  const refused = { code: 1, stdout: '', stderr: `hostdev-cpuset: the domain must not start: ${reason}\n` };
  assert.equal(await hook(call('prepare'), xml), refused);
  assert.equal(await hook(call('prepare'), BOTH), quiet);
  assert.is((await hook(call('reconnect'), xml)).code, 0);

  const front = installFront(root, {
    watcher: 'no',
    node: process.execPath,
    cli: `${projectRoot}dist/bin/hostdev-cpuset.cjs`,
    root: root.path,
  });
  assert.equal(await run(front, call('prepare'), { input: xml }), refused, 'the front passes the refusal on');
});

test('input that is too large or does not end in time is not read further', async () => {
  const command = [process.execPath, `${projectRoot}dist/bin/hostdev-cpuset.cjs`, 'hook', ...call('started')];
  const words = [...command, '--root', root.path];
  const large = await run('sh', ['-c', 'cat /dev/zero | "$@"', 'sh', ...words]);
  const message = "hostdev-cpuset: guest: started: the domain's XML, 1:1: the file is larger than 16 MiB\n";
  assert.equal(large, { ...quiet, stderr: message });
  const fifo = `mkfifo "$1/fifo"; exec 3<>"$1/fifo"; shift; printf '<domain' >&3; "$@" <&3`;
  const late = await run('sh', ['-c', fifo, 'sh', root.path, ...words]);
  const stderr = 'hostdev-cpuset: guest: started: standard input did not end within 5 seconds\n';
  assert.equal(late, { ...quiet, stderr });
});

test('concurrent hooks for the same domain make one write each', async () => {
  const outcomes = await Promise.all([1, 2, 3].map(() => hook(call('started'), BOTH)));
  const lines = outcomes.map(({ stderr }) => stderr).sort();
  const kept = PLACED.replace('4 set, 0 kept', '0 set, 4 kept');
  assert.equal(lines, [kept, kept, PLACED]);
  for (const { code } of outcomes) assert.is(code, 0);
});

test.run();
