import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RealFs } from '../../src/host/real-fs.js';
import { VectorTrace } from '../../src/host/trace-events.js';
import { TraceInstance, TracingUnavailable } from '../../src/host/tracefs.js';
import { withDomainLock } from '../../src/runtime/domain-lock.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { RuntimeFile } from '../../src/runtime/runtime-file.js';
import { Spool } from '../../src/runtime/spool.js';
import { StateStore } from '../../src/runtime/state-store.js';
import { projectRoot, runCli } from '../support/cli.js';
import { run } from '../support/run.js';
import { SimulatedTracefs } from '../support/simulated-tracefs.js';
import { Workstation } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('symbolic links below a root that lead outside');
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';
let outside: TemporaryFolder;
let root: TemporaryFolder;
test.before.each(() => {
  outside = new TemporaryFolder();
  root = new TemporaryFolder();
});
test.after.each(() => {
  outside.remove();
  root.remove();
});

const writers: Record<string, () => unknown> = {
  'a state': () => new StateStore(root.path).write(UUID, { schemaVersion: 1, name: 'g', written: {}, lines: [] }),
  'a runtime file': () => new RuntimeFile(root.path, 'watch.json').write('{}'),
  'the instance lock': () => new InstanceLock(root.path).take(),
  'the spool': () => new Spool(root.path).open(),
  'a lock': () => withDomainLock({ root: root.path, pause: () => {} }, UUID, () => {}),
};
for (const [what, write] of Object.entries(writers)) {
  test(`${what} is not written outside if /run is a link`, () => {
    symlinkSync(outside.path, root.join('run'));
    attempt(write);
    assert.equal(readdirSync(outside.path), []);
  });

  test(`${what} is not written through a link in place of the runtime directory`, () => {
    mkdirSync(root.join('run'));
    mkdirSync(root.join('elsewhere'));
    symlinkSync('../elsewhere', root.join('run/hostdev-cpuset'));
    attempt(write);
    assert.equal(readdirSync(root.join('elsewhere')), []);
  });
}

test('trace events are not read through a trace_pipe that is a link', async () => {
  const secret = outside.write('secret', '1.0: tracing_mark_write: hostdev-cpuset check\n');
  const tracefs = new SimulatedTracefs(root);
  const folders = {
    make(path: string) {
      tracefs.make(path);
      const pipe = root.join('sys/kernel/tracing/instances/hostdev-cpuset/trace_pipe');
      rmSync(pipe);
      symlinkSync(secret, pipe);
    },
    remove: (path: string) => tracefs.remove(path),
  };
  const listener = { changed: () => assert.unreachable(), postingLost: () => {}, ended: () => {} };
  const opened = VectorTrace.open(listener, root.path, folders);
  await opened.then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'tracing failed: ENOENT'),
  );
  tracefs.close();
});

test('nothing is taken from a spool that is a link', () => {
  const spool = new Spool(root.path);
  spool.open();
  outside.write('x', 'started\n<domain/>');
  rmSync(root.join('run/hostdev-cpuset/spool'), { recursive: true });
  symlinkSync(outside.path, root.join('run/hostdev-cpuset/spool'));
  assert.equal(spool.take(), { entries: [], problems: [] });
  assert.ok(spool.isEmpty);
  assert.equal(readdirSync(outside.path), ['x']);
});

test('nothing outside is read, and no device opened', () => {
  const secret = outside.write('secret', 'secret');
  mkdirSync(root.join('etc'));
  const files = new RealFs(root.path);
  symlinkSync(secret, root.join('etc/hostname'));
  symlinkSync('../'.repeat(20) + secret.slice(1), root.join('etc/up'));
  symlinkSync(outside.path, root.join('etc/folder'));
  symlinkSync('/dev/zero', root.join('etc/device'));
  for (const path of ['/etc/hostname', '/etc/up', '/etc/folder/secret', '/etc/device']) {
    assert.is(files.read(path), undefined, path);
    // below the root these links lead nowhere
    assert.throws(() => files.readTrusted(path), /: a link to a file that does not exist$/);
  }
});

test('a link resolves as in a system with that root', () => {
  root.write('usr/etc/name', 'guest');
  mkdirSync(root.join('etc'));
  symlinkSync('/usr/etc/name', root.join('etc/absolute'));
  symlinkSync('../usr/etc/name', root.join('etc/relative'));
  outside.write('etc/name', 'outside');
  symlinkSync(`${outside.path}/etc`, root.join('etc/other'));
  root.write(`${outside.path.slice(1)}/etc/name`, 'inside');
  const files = new RealFs(root.path);
  for (const path of ['/etc/absolute', '/etc/relative']) assert.is(files.read(path), 'guest', path);
  assert.is(files.read('/etc/other/name'), 'inside');
});

test('the trace instance writes nothing outside', () => {
  const tracefs = new SimulatedTracefs(root);
  tracefs.populate();
  const file = outside.write('file', 'kept');
  const instance = 'sys/kernel/tracing/instances/hostdev-cpuset';
  rmSync(root.join(instance, 'trace'));
  symlinkSync(file, root.join(instance, 'trace'));
  assert.throws(
    () => new TraceInstance(root.path, tracefs),
    (error: unknown) => error instanceof TracingUnavailable,
  );
  assert.is(readFileSync(file, 'utf8'), 'kept');
  tracefs.close();
});

test('no trace instance is created or removed outside', () => {
  mkdirSync(root.join('sys/kernel'), { recursive: true });
  mkdirSync(outside.join('instances/hostdev-cpuset'), { recursive: true });
  symlinkSync(outside.path, root.join('sys/kernel/tracing'));
  assert.throws(
    () => new TraceInstance(root.path),
    (error: unknown) => error instanceof TracingUnavailable,
  );
  assert.equal(readdirSync(outside.join('instances')), ['hostdev-cpuset']);
});

test('a FIFO in place of the instance lock does not block', async () => {
  const host = new Workstation();
  try {
    mkdirSync(`${host.root}/run/hostdev-cpuset`, { recursive: true, mode: 0o700 });
    assert.is((await run('mkfifo', [`${host.root}/run/hostdev-cpuset/watch.pid`])).code, 0);
    const words = ['status', '--json', '--root', host.root, `${projectRoot}samples/gpu.xml`];
    const { code, stdout } = await runCli('hostdev-cpuset', words, { timeLimit: 30_000 });
    assert.is(code, 0);
    assert.is(JSON.parse(stdout).watcher, null);
  } finally {
    host.remove();
  }
});

function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    // Some refuse, some write below the root.
  }
}

test.run();
