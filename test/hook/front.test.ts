import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { type FrontSettings, installFront } from './installed-front.js';
import { BOTH, UUID } from './simulated-root.js';

const test = suite('front of the hook');
const PLAIN = '<domain><name>guest</name><devices/></domain>';
const HOSTDEV = "<domain><name>guest</name><devices><hostdev mode='subsystem'/></devices></domain>";
let folder: TemporaryFolder;

test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** An enforcer that records its arguments and its input, then runs `action`. */
function enforcer(action = 'exit 0'): string {
  const script = `#!/bin/sh
printf '%s\\n' "$@" >'${folder.path}/arguments'
cat >'${folder.path}/input'
echo this must never be seen
${action}
`;
  const path = folder.write('enforcer', script);
  chmodSync(path, 0o755);
  return path;
}

function hook(words: string[], xml: string, settings: FrontSettings = {}): Promise<Outcome> {
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path, watcher: 'no', ...settings });
  return run(path, words, { input: xml, env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/' } });
}

const call = (operation: string, suboperation = 'begin') => ['guest', operation, suboperation, '-'];
const started = () => existsSync(folder.join('arguments'));
const quiet: Outcome = { code: 0, stdout: '', stderr: '' };

for (const operation of ['started', 'reconnect']) {
  test(`${operation}: a domain with a policy is passed on unchanged`, async () => {
    enforcer();
    assert.equal(await hook(call(operation), BOTH), quiet);
    assert.is(
      readFileSync(folder.join('arguments'), 'utf8'),
      `hook\nguest\n${operation}\nbegin\n-\n--root\n${folder.path}\n`,
    );
    assert.is(readFileSync(folder.join('input'), 'utf8'), BOTH.trimEnd());
  });
}

for (const words of [
  call('start'),
  call('migrate'),
  call('restore'),
  call('attach'),
  call('started', 'end'),
  ['guest', 'started'],
  ['guest'],
  [],
]) {
  test(`ignored: ${words.join(' ') || 'no arguments'}`, async () => {
    enforcer();
    folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
    folder.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
    assert.equal(await hook(words, BOTH), quiet);
    assert.not.ok(started());
  });
}

test('a name may contain any characters', async () => {
  enforcer();
  const name = '--root=/ $(touch x) `y` \\n *';
  assert.equal(await hook([name, 'started', 'begin', '-'], BOTH), quiet);
  assert.is(readFileSync(folder.join('arguments'), 'utf8').split('\n')[1], name);
});

test('a domain without a policy is passed on only if it has hostdevs and the host has a configuration', async () => {
  enforcer();
  assert.equal(await hook(call('started'), PLAIN), quiet);
  assert.equal(await hook(call('started'), HOSTDEV), quiet);
  assert.not.ok(started());
  folder.write('etc/hostdev-cpuset/config.json', '{}');
  assert.equal(await hook(call('started'), PLAIN), quiet);
  assert.not.ok(started());
  assert.equal(await hook(call('started'), HOSTDEV), quiet);
  assert.ok(started());
});

test('prepare: passed on only if the configuration has "onError": "abort"', async () => {
  enforcer();
  assert.equal(await hook(call('prepare'), BOTH), quiet);
  folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "continue" }');
  assert.equal(await hook(call('prepare'), BOTH), quiet);
  assert.not.ok(started());
  folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
  assert.equal(await hook(call('prepare'), PLAIN), quiet);
  assert.not.ok(started());
  assert.equal(await hook(call('prepare'), BOTH), quiet);
  assert.ok(started());
});

test('release: passed on only if the domain has a state', async () => {
  enforcer();
  assert.equal(await hook(call('release', 'end'), BOTH), quiet);
  folder.write('run/hostdev-cpuset/00000000-0000-0000-0000-000000000000.json', '{}');
  assert.equal(await hook(call('release', 'end'), BOTH), quiet);
  assert.not.ok(started());
  folder.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
  assert.equal(await hook(call('release', 'end'), BOTH), quiet);
  assert.ok(started());
});

test('a FIFO in place of the configuration or the instance lock does not block', async () => {
  enforcer();
  for (const path of ['etc/hostdev-cpuset/config.json', 'run/hostdev-cpuset/watch.pid']) {
    folder.write(path, '');
    rmSync(folder.join(path));
    execFileSync('mkfifo', [folder.join(path)]);
  }
  for (const words of [call('prepare'), call('release', 'end')]) {
    const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path, watcher: 'no' });
    assert.equal(await run(path, words, { input: BOTH, timeLimit: 20_000 }), quiet);
  }
  assert.not.ok(started());
});

test('a file size limit fails no domain', async () => {
  const path = installFront(folder, { cli: enforcer('echo oops >&2; exit 1'), root: folder.path, watcher: 'no' });
  const limited = `ulimit -f 0; exec '${path}' guest started begin - 2>>'${folder.path}/full'`;
  folder.write('full', 'x');
  assert.equal(await run('sh', ['-c', limited], { input: BOTH }), quiet);
});

test('lines go to the journal with logger, or to standard error if that fails', async () => {
  const cli = enforcer('[ "$HOSTDEV_CPUSET_LINES" = prefixed ] && echo "<6>guest: 1 set" >&2');
  folder.write('run/systemd/journal/none', '');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(folder.join('run/systemd/journal/dev-log'), resolve));
  const path = installFront(folder, { cli, root: folder.path, watcher: 'no' });
  const env = { PATH: `${folder.join('bin')}:${process.env.PATH}` };
  try {
    for (const [status, output] of [
      [0, ''],
      [1, 'hostdev-cpuset: guest: 1 set\n'],
    ] as const) {
      const logger = folder.write('bin/logger', `#!/bin/sh\ncat >'${folder.path}/logged'; exit ${status}\n`);
      chmodSync(logger, 0o755);
      assert.equal(await run(path, call('started'), { input: BOTH, env }), { ...quiet, stderr: output });
      assert.is(readFileSync(folder.join('logged'), 'utf8'), '<6>guest: 1 set\n');
    }
  } finally {
    server.close();
  }
});

test('a refusal before the start is passed on', async () => {
  folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
  const line = 'hostdev-cpuset: the domain must not start: guest: prepare: why';
  enforcer(`echo '${line}' >&2; exit 1`);
  assert.equal(await hook(call('prepare'), BOTH), { code: 1, stdout: '', stderr: `${line}\n` });
  const after = await hook(call('started'), BOTH);
  assert.is(after.code, 0, 'a running domain is never refused');
});

for (const [name, action, output] of [
  ['fails', 'exit 1', '(status 1)'],
  [
    'fails with a stack',
    "printf 'x.js:1\\n  oops\\n\\nTypeError: no\\n    at a\\n' >&2; exit 1",
    '(status 1): TypeError: no',
  ],
  ['crashes', 'kill -SEGV $$', '(status 139)'],
  ['runs out of memory', 'echo heap >&2; kill -ABRT $$', '(status 134)'],
] as const) {
  test(`an enforcer that ${name} is reported in one line, and no start fails`, async () => {
    folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
    folder.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
    enforcer(action);
    for (const words of [call('prepare'), call('started'), call('reconnect'), call('release', 'end')]) {
      const { code, stdout, stderr } = await hook(words, BOTH);
      assert.is(code, 0);
      assert.is(stdout, '');
      assert.match(stderr, /^hostdev-cpuset: guest: \w+: hostdev-cpuset hook failed [^\n]*\n$/);
      assert.ok(stderr.includes(output), stderr);
    }
  });
}

test('a missing enforcer is reported in one line', async () => {
  const { code, stderr } = await hook(call('started'), BOTH);
  assert.is(code, 0);
  assert.match(stderr, /^hostdev-cpuset: guest: started: hostdev-cpuset hook failed \(status 127\): [^\n]*\n$/);
  enforcer();
  const node = folder.join('no-node');
  const without = await hook(call('started'), BOTH, { node });
  assert.is(without.code, 0);
  assert.match(
    without.stderr,
    /^hostdev-cpuset: guest: started: hostdev-cpuset hook failed \(status 127\): [^\n]*no-node[^\n]*\n$/,
  );
});

test('an enforcer is found on PATH', async () => {
  chmodSync(folder.write('bin/hostdev-cpuset', readFileSync(enforcer(), 'utf8')), 0o755);
  const path = installFront(folder, { root: folder.path, watcher: 'no' });
  const env = { PATH: `${folder.path}/bin:${process.env.PATH}` };
  assert.equal(await run(path, call('started'), { input: BOTH, env }), quiet);
  assert.ok(started());
});

test('details are requested if the installation is configured so', async () => {
  enforcer('echo "debug $HOSTDEV_CPUSET_DEBUG" >&2');
  assert.is((await hook(call('started'), BOTH, { debug: '1' })).stderr, 'debug 1\n');
  assert.is((await hook(call('started'), BOTH)).stderr, 'debug \n');
});

test('endless input is cut at the maximum size', async () => {
  enforcer();
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path, watcher: 'no' });
  const endless = `{ printf '<domain xmlns:x="urn:hostdev-cpuset:1">'; cat /dev/zero | tr '\\0' x; } | "$@"`;
  assert.equal(await run('sh', ['-c', endless, 'sh', path, ...call('started')]), quiet);
  assert.is(readFileSync(folder.join('input')).length, 16 * 1024 * 1024 + 1);
});

test('closed standard input is reported', async () => {
  enforcer();
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path });
  const stderr = 'hostdev-cpuset: guest: started: standard input cannot be read\n';
  assert.equal(await run('sh', ['-c', '"$@" <&-', 'sh', path, ...call('started')]), { ...quiet, stderr });
  assert.not.ok(started());
});

test('the status is 0 even if the reader of the output is gone', async () => {
  enforcer('echo one line >&2');
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path });
  const xml = folder.write('guest.xml', BOTH);
  // The pipe has no reader any more when something is written to it.
  const deaf = `mkfifo "$1/fifo"; exec 3<>"$1/fifo"; exec 4>"$1/fifo" 3<&-; shift; xml=$1; shift; "$@" <"$xml" 2>&4; echo $?`;
  const { stdout } = await run('sh', ['-c', deaf, 'sh', folder.path, xml, path, ...call('started')]);
  assert.is(stdout, '0\n');
  assert.ok(started());
});

test('input that stays open is read up to the time limit', async () => {
  enforcer();
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path, watcher: 'no' });
  const fifo = `mkfifo "$1/fifo"; exec 3<>"$1/fifo"; shift; printf '<domain' >&3; "$@" <&3`;
  const { code, stdout, stderr } = await run('sh', ['-c', fifo, 'sh', folder.path, path, ...call('started')]);
  assert.is(code, 0);
  assert.is(stdout, '');
  assert.is(stderr, 'hostdev-cpuset: guest: started: standard input did not end within 5 seconds\n');
  assert.not.ok(started());
});

test.run();
