import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installFront } from './installed-front.js';
import { BOTH, UUID } from './simulated-root.js';

const test = suite('programs of the hook that do not end');
let folder: TemporaryFolder;

test.before.each(() => {
  folder = new TemporaryFolder();
  program('enforcer', 'cat >/dev/null');
  folder.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
});
test.after.each(() => folder.remove());

function program(name: string, action: string): void {
  chmodSync(folder.write(name, `#!/bin/sh\n${action}\n`), 0o755);
}

/** A call fails where it takes a minute: far more than all limits together. */
function hook(operation: string, suboperation = 'begin') {
  const path = installFront(folder, { cli: folder.join('enforcer'), root: folder.path });
  const env = { PATH: `${folder.join('bin')}:${process.env.PATH}`, LC_ALL: 'C' };
  return run(path, ['guest', operation, suboperation, '-'], { input: BOTH, env, timeLimit: 60_000 });
}

for (const name of ['mkdir', 'mv', 'flock', 'systemd-run']) {
  test(`${name}: a start goes on`, async () => {
    program(`bin/${name}`, 'exec sleep 600');
    mkdirSync(folder.join('run/systemd/system'), { recursive: true });
    if (name !== 'systemd-run') program('bin/systemd-run', 'exit 0');
    const { code, stdout } = await hook('started');
    assert.equal([code, stdout], [0, '']);
  });
}

test('systemd-run: that no watcher was started is reported', async () => {
  mkdirSync(folder.join('run/systemd/system'), { recursive: true });
  for (const [action, reason] of [
    ['exec sleep 600', ''],
    ['echo no bus >&2; exit 1', ': no bus'],
  ] as const) {
    program('bin/systemd-run', action);
    const line = `hostdev-cpuset: guest: started: systemd-run could not start a watcher${reason}\n`;
    assert.equal(await hook('started'), { code: 0, stdout: '', stderr: line });
  }
  program('bin/systemd-run', 'echo Unit was already loaded >&2; exit 1');
  assert.is((await hook('started')).stderr, '');
});

test('grep: a start is not refused', async () => {
  program('bin/grep', 'exec sleep 600');
  assert.equal(await hook('prepare'), { code: 0, stdout: '', stderr: '' });
});

test('tr and logger: a failure is reported, or not', async () => {
  program('enforcer', 'exit 3');
  for (const name of ['tr', 'logger']) program(`bin/${name}`, 'exec sleep 600');
  folder.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
  const { code, stderr } = await hook('release', 'end');
  assert.is(code, 0);
  assert.match(stderr, /^hostdev-cpuset: /);
});

test('logger: the line goes to standard error', async () => {
  program('enforcer', 'cat >/dev/null; echo "<6>guest: 1 set" >&2');
  program('bin/logger', 'exec sleep 600');
  program('bin/systemd-run', 'exit 0');
  folder.write('run/systemd/system/none', '');
  folder.write('run/systemd/journal/none', '');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(folder.join('run/systemd/journal/dev-log'), resolve));
  try {
    assert.equal(await hook('started'), { code: 0, stdout: '', stderr: 'hostdev-cpuset: guest: 1 set\n' });
  } finally {
    server.close();
  }
});

test.run();
