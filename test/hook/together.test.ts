import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';
import { installFront } from './installed-front.js';
import { BOTH, SimulatedRoot, UUID } from './simulated-root.js';

const test = suiteWhere('concurrent calls of the hook', needs('flock'));
const STATE = 'run/hostdev-cpuset';
const CALL = `${STATE}/spool/${UUID}`;
const quiet: Outcome = { code: 0, stdout: '', stderr: '' };
let folder: TemporaryFolder;
let holder: ChildProcess | undefined;

test.before.each(() => {
  folder = new TemporaryFolder();
  const script = `#!/bin/sh\necho "$HOSTDEV_CPUSET_SPOOL $HOSTDEV_CPUSET_LEFT" >>'${folder.path}/passes'\ncat >/dev/null\n`;
  chmodSync(folder.write('enforcer', script), 0o755);
});
test.after.each(() => {
  holder?.kill('SIGKILL');
  folder.remove();
});

function hook(env = {}): Promise<Outcome> {
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path, watcher: 'no' });
  return run(path, ['guest', 'started', 'begin', '-'], {
    input: BOTH,
    env: { PATH: process.env.PATH, ...env },
    timeLimit: 60_000,
  });
}

/** Another process holds the lock until it is killed. */
async function holdLock(): Promise<void> {
  mkdirSync(folder.join(STATE), { recursive: true });
  const words = ['--no-fork', folder.join(STATE), 'sh', '-c', `echo >'${folder.path}/held'; exec sleep 600`];
  holder = spawn('flock', words, { stdio: 'ignore' });
  await until('the lock is held', () => existsSync(folder.join('held')));
}

const left = () => until('the call waits in the spool', () => existsSync(folder.join(CALL)));
const passes = () => (existsSync(folder.join('passes')) ? readFileSync(folder.join('passes'), 'utf8') : '');

test('a single call makes its pass and leaves no file', async () => {
  assert.equal(await hook(), quiet);
  assert.is(passes(), 'remove \n');
  assert.equal(readdirSync(folder.join(STATE)), []);
});

test('a waiting call takes over if the holder of the lock is killed', async () => {
  await holdLock();
  const waiting = hook();
  await left();
  assert.is(passes(), '');
  holder?.kill('SIGKILL');
  assert.equal(await waiting, quiet);
  assert.is(passes(), `remove ${UUID}\n`);
});

test('a waiting call that was served by another starts nothing', async () => {
  await holdLock();
  const waiting = hook();
  await left();
  rmSync(folder.join(CALL));
  holder?.kill('SIGKILL');
  assert.equal(await waiting, quiet);
  assert.is(passes(), '');
});

test('if the lock is never released, the call stays in the spool, and this is reported', async () => {
  await holdLock();
  const line = 'hostdev-cpuset: guest: started: another call is in progress: this one waits in the spool\n';
  assert.equal(await hook(), { ...quiet, stderr: line });
  assert.ok(existsSync(folder.join(CALL)));
  assert.is(passes(), '');
});

test('a flock without the option --no-fork is not used', async () => {
  chmodSync(folder.write('bin/flock', `#!/bin/sh\necho "flock: unrecognized option '--no-fork'" >&2\nexit 1\n`), 0o755);
  assert.equal(await hook({ PATH: `${folder.path}/bin:${process.env.PATH}` }), quiet);
  assert.is(passes(), ' \n');
});

test('each of many calls is served, by fewer processes', async () => {
  const root = new SimulatedRoot();
  try {
    const node = root.write('node', `#!/bin/sh\necho >>'${root.path}/starts'\nexec '${process.execPath}' "$@"\n`);
    chmodSync(node, 0o755);
    const cli = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;
    const path = installFront(root, { node, cli, root: root.path, watcher: 'no' });
    const numbers = Array.from({ length: 16 }, (_, index) => String(index + 10));
    const outcomes = await Promise.all(
      numbers.map((number) => {
        const input = BOTH.replace(UUID, `${UUID.slice(0, -2)}${number}`).replace('>guest<', `>guest${number}<`);
        return run(path, [`guest${number}`, 'started', 'begin', '-'], { input, timeLimit: 120_000 });
      }),
    );
    for (const { code } of outcomes) assert.is(code, 0);
    const lines = outcomes.flatMap(({ stderr }) => stderr.split('\n').filter(Boolean)).sort();
    assert.equal(
      lines.map(
        (line) => /^hostdev-cpuset: guest(\d+): started: \d set, \d kept, 0 skipped, 0 failed$/.exec(line)?.[1],
      ),
      numbers,
    );
    assert.equal(readdirSync(root.join(STATE, 'spool')), []);
    assert.ok(readFileSync(root.join('starts'), 'utf8').length < numbers.length);
  } finally {
    root.remove();
  }
});

test.run();
