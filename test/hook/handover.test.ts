import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';
import { installFront } from './installed-front.js';
import { BOTH, liveXml, UUID } from './simulated-root.js';

const test = suite('calls handed over to the watcher');
const SPOOL = 'run/hostdev-cpuset/spool';
const PLAIN = `<domain><name>guest</name><uuid>${UUID}</uuid><devices/></domain>`;
const quiet: Outcome = { code: 0, stdout: '', stderr: '' };
let folder: TemporaryFolder;

test.before.each(() => {
  folder = new TemporaryFolder();
  writeRecorder('enforcer', 'passes');
});
test.after.each(async () => {
  const pid = existsSync(folder.join('watcher-pid')) && Number(readFileSync(folder.join('watcher-pid'), 'utf8'));
  if (pid) process.kill(pid, 'SIGKILL');
  folder.remove();
});

/** A program that records its arguments; called with `watch`, it keeps running. */
function writeRecorder(name: string, file: string): void {
  const script = `#!/bin/sh
case $1 in
  watch) echo "$@" >'${folder.path}/watches'; echo $$ >'${folder.path}/watcher-pid'; exec sleep 600 ;;
  *) echo "$@" >>'${folder.path}/${file}' ;;
esac
[ -t 0 ] || cat >/dev/null
`;
  chmodSync(folder.write(name, script), 0o755);
}

function hook(operation: string, xml = BOTH, suboperation = 'begin', env = {}): Promise<Outcome> {
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path });
  const words = ['guest', operation, suboperation, '-'];
  return run(path, words, { input: xml, env: { PATH: process.env.PATH, LC_ALL: 'C', ...env } });
}

/** Makes this process the watcher. */
function actAsWatcher(): void {
  mkdirSync(folder.join(SPOOL), { recursive: true });
  assert.ok(new InstanceLock(folder.path).take().taken);
}

const spooled = () => readdirSync(folder.join(SPOOL));
const textOf = (name: string) => readFileSync(folder.join(name), 'utf8');
const has = (name: string) => existsSync(folder.join(name));

for (const operation of ['started', 'reconnect']) {
  test(`${operation}: with a running watcher the call is spooled completely, and nothing is started`, async () => {
    actAsWatcher();
    assert.equal(await hook(operation), quiet);
    assert.equal(spooled(), [UUID]);
    assert.is(textOf(`${SPOOL}/${UUID}`), `${operation}\n${BOTH.trimEnd()}`);
    assert.is(statSync(folder.join(SPOOL, UUID)).mode & 0o777, 0o600);
    assert.not.ok(has('passes') || has('watches'));
  });
}

test('release: a later call replaces an earlier one', async () => {
  actAsWatcher();
  await hook('started');
  assert.equal(await hook('release', BOTH, 'end'), quiet);
  assert.equal(spooled(), [UUID]);
  assert.match(textOf(`${SPOOL}/${UUID}`), /^release\n/);
  assert.not.ok(has('passes'));
});

test('calls without a policy are not spooled', async () => {
  actAsWatcher();
  for (const operation of ['started', 'reconnect']) assert.equal(await hook(operation, PLAIN), quiet);
  assert.equal(await hook('release', PLAIN, 'end'), quiet);
  assert.equal(await hook('stopped', BOTH, 'end'), quiet);
  assert.equal(spooled(), []);
});

for (const uuid of ['../../../etc/x', UUID.toUpperCase(), `${UUID}/x`, `${UUID} `, '', '*']) {
  test(`the UUID ${JSON.stringify(uuid)} is not used as a file name`, async () => {
    actAsWatcher();
    assert.equal(await hook('started', liveXml('', { uuid })), quiet);
    assert.is(spooled().length, 1);
    assert.match(spooled()[0] as string, /^x\.\d+$/);
  });
}

for (const [name, content] of [
  ['no watcher', undefined],
  ['a watcher that died', '999999999 1\n'],
  ['a PID that is another process now', `${process.pid} 1\n`],
  ['garbage', '$(touch x) `y` ../..\n'],
  ['an empty file', ''],
] as const) {
  test(`${name}: one pass is made, and a watcher started that does not block libvirt`, async () => {
    if (content !== undefined) folder.write('run/hostdev-cpuset/watch.pid', content);
    // run() returns only when nothing has its output open any more.
    assert.equal(await hook('started'), quiet);
    assert.is(textOf('passes'), `hook guest started begin - --root ${folder.path}\n`);
    await until('a watcher is started', () => has('watcher-pid'));
    assert.is(textOf('watches'), `watch --until-idle --root ${folder.path}\n`);
    assert.equal(spooled(), [UUID], 'for the new watcher');
    assert.is(statSync(folder.join(SPOOL)).mode & 0o777, 0o700);
  });
}

test('on a systemd host the watcher is started as its own unit', async () => {
  mkdirSync(folder.join('run/systemd/system'), { recursive: true });
  chmodSync(folder.write('bin/systemd-run', `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder.path}/unit'\n`), 0o755);
  assert.equal(await hook('started', BOTH, 'begin', { PATH: `${folder.path}/bin:${process.env.PATH}` }), quiet);
  const words = textOf('unit').trim().split('\n');
  assert.ok(words.includes('--unit=hostdev-cpuset-until-idle'));
  assert.equal(words.slice(-5), [folder.join('enforcer'), 'watch', '--until-idle', '--root', folder.path]);
  assert.not.ok(has('watches'));
});

for (const [what, make] of [
  ['a link', (at: string) => symlinkSync(folder.join('elsewhere/spool'), at)],
  [
    "another user's",
    (at: string) => {
      mkdirSync(at);
      chownSync(at, 65534, 65534);
    },
  ],
  ['in a runtime directory that is a link', () => replaceState()],
] as const)
  (process.geteuid?.() === 0 ? test : test.skip)(`a spool that is ${what}: nothing is written there`, async () => {
    mkdirSync(folder.join('elsewhere/spool'), { recursive: true });
    actAsWatcher();
    rmSync(folder.join(SPOOL), { recursive: true, force: true });
    make(folder.join(SPOOL));
    assert.equal(await hook('started'), quiet);
    const all = ['run/hostdev-cpuset', 'elsewhere'].flatMap((name) =>
      readdirSync(folder.join(name), { recursive: true, encoding: 'utf8' }),
    );
    assert.not(
      all.some((name) => name.includes(UUID)),
      all.join(),
    );
    assert.equal(readdirSync(folder.join(SPOOL)), []);
    assert.is(textOf('passes'), `hook guest started begin - --root ${folder.path}\n`);
  });

function replaceState(): void {
  const state = folder.join('run/hostdev-cpuset');
  renameSync(join(state, 'watch.pid'), folder.join('elsewhere/watch.pid'));
  rmSync(state, { recursive: true });
  symlinkSync(folder.join('elsewhere'), state);
}

test('prepare starts no watcher and spools nothing', async () => {
  actAsWatcher();
  folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
  assert.equal(await hook('prepare'), quiet);
  assert.ok(has('passes'));
  assert.equal(spooled(), []);
  assert.not.ok(has('watches'));
});

test.run();
