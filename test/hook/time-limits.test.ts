import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concurrent } from '../support/concurrent.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installFront } from './installed-front.js';
import { BOTH, UUID } from './simulated-root.js';

const test = suite('hook: programs that do not end');
const start = concurrent(test);

/** A host with an enforcer that does nothing. Programs in `bin` take precedence over the system's. */
class Host extends TemporaryFolder {
  constructor() {
    super();
    this.program('enforcer', 'cat >/dev/null');
    this.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
  }

  program(name: string, action: string): void {
    chmodSync(this.write(name, `#!/bin/sh\n${action}\n`), 0o755);
  }

  withSystemd(): void {
    mkdirSync(this.join('run/systemd/system'), { recursive: true });
  }

  /** Calls the hook. The limit of a minute is far above all limits of the hook together. */
  hook(operation: string, suboperation = 'begin') {
    const path = installFront(this, { cli: this.join('enforcer'), root: this.path });
    const env = { PATH: `${this.join('bin')}:${process.env.PATH}`, LC_ALL: 'C' };
    return run(path, ['guest', operation, suboperation, '-'], { input: BOTH, env, timeLimit: 60_000 });
  }
}

/** A test with its own host. */
function onHost(name: string, check: (host: Host) => Promise<void>): void {
  start(name, async () => {
    const host = new Host();
    try {
      await check(host);
    } finally {
      host.remove();
    }
  });
}

for (const name of ['mkdir', 'mv', 'flock', 'systemd-run']) {
  onHost(`${name}: a start is not blocked`, async (host) => {
    host.program(`bin/${name}`, 'exec sleep 600');
    host.withSystemd();
    if (name !== 'systemd-run') host.program('bin/systemd-run', 'exit 0');
    const { code, stdout } = await host.hook('started');
    assert.equal([code, stdout], [0, '']);
  });
}

onHost('systemd-run: a failure to start the watcher is reported', async (host) => {
  host.withSystemd();
  for (const [action, reason] of [
    ['exec sleep 600', ''],
    ['echo no bus >&2; exit 1', ': no bus'],
  ] as const) {
    host.program('bin/systemd-run', action);
    const line = `hostdev-cpuset: guest: started: systemd-run could not start a watcher${reason}\n`;
    assert.equal(await host.hook('started'), { code: 0, stdout: '', stderr: line });
  }
  host.program('bin/systemd-run', 'echo Unit was already loaded >&2; exit 1');
  assert.is((await host.hook('started')).stderr, '');
});

onHost('grep: a start is not refused', async (host) => {
  host.program('bin/grep', 'exec sleep 600');
  assert.equal(await host.hook('prepare'), { code: 0, stdout: '', stderr: '' });
});

onHost('tr and logger: a failure is reported without them', async (host) => {
  host.program('enforcer', 'exit 3');
  for (const name of ['tr', 'logger']) host.program(`bin/${name}`, 'exec sleep 600');
  host.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
  const { code, stderr } = await host.hook('release', 'end');
  assert.is(code, 0);
  assert.match(stderr, /^hostdev-cpuset: /);
});

onHost('logger: the line goes to standard error', async (host) => {
  host.program('enforcer', 'cat >/dev/null; echo "<6>guest: 1 set" >&2');
  host.program('bin/logger', 'exec sleep 600');
  host.program('bin/systemd-run', 'exit 0');
  host.withSystemd();
  host.write('run/systemd/journal/none', '');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(host.join('run/systemd/journal/dev-log'), resolve));
  try {
    assert.equal(await host.hook('started'), { code: 0, stdout: '', stderr: 'hostdev-cpuset: guest: 1 set\n' });
  } finally {
    server.close();
  }
});

test.run();
