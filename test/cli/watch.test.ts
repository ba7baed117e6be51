import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchCommand } from '../../src/cli/commands/watch.js';
import { version } from '../../src/cli/version.js';
import { ToolError } from '../../src/lib/errors.js';
import type { InterruptReport } from '../../src/report/report.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { BOTH, liveXml, SimulatedRoot, UUID } from '../hook/simulated-root.js';
import { runCli } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { needs, suiteWhere } from '../support/needs.js';
import { EVENT, POSTING_EVENT, SimulatedTracefs } from '../support/simulated-tracefs.js';
import { until } from '../support/until.js';
import { Watching } from './watching.js';

const test = suite('watch');
const INSTANCE = 'sys/kernel/tracing/instances/hostdev-cpuset';
let host: Watching;
test.before.each(() => {
  host = new Watching();
});
test.after.each(() => host.remove());

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: it ends and leaves the affinities unchanged`, async () => {
    await host.start();
    host.spool();
    await host.placed();
    assert.equal(await host.end(signal), { code: 0, signal: null });
    assert.is(host.affinities(), '2-3,2-3,2-3,4-5');
  });
}

test('a virsh that ignores signals, and its children, do not delay the end', async () => {
  const pids = host.root.join('pids');
  host.virsh(`trap '' TERM\nsleep 600 & echo $! >>'${pids}'\necho $$ >>'${pids}'\nwait`);
  await host.start();
  // The processes of the events and of the list.
  await until('both run', () => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length === 5);
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  // The processes that it started have no parent any more.
  for (const pid of readFileSync(pids, 'utf8').trim().split('\n'))
    if (isAlive(pid)) process.kill(Number(pid), 'SIGKILL');
});

test('spooled calls are processed at the start; a change by another program is repaired', async () => {
  mkdirSync(host.root.join('run/hostdev-cpuset/spool'), { recursive: true });
  host.spool();
  await host.start();
  await host.placed();
  host.root.move(41, 'ff');
  await host.placed('repaired');
});

test('a log on a full disk does not end the watcher', async () => {
  mkdirSync(host.root.join('run/hostdev-cpuset/spool'), { recursive: true });
  host.spool();
  host.spawn([], {}, ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh']);
  await host.placed();
  host.root.move(41, 'ff');
  await host.placed('repaired');
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
});

test('the last of several spooled calls counts, and nothing is written for the earlier ones', async () => {
  mkdirSync(host.root.join('run/hostdev-cpuset/spool'), { recursive: true });
  const other = host.root.write('run/hostdev-cpuset/spool/x.1', `started\n${BOTH.replace('"auto"', '"6-7"')}`);
  host.spool();
  const now = Date.now() / 1000;
  utimesSync(other, now, now - 2);
  await host.start();
  await host.says('placed on 2-3');
  assert.not.match(host.stderr, 'placed on 6-7');
});

test('--restore-on-exit: every interrupt gets its original mask', async () => {
  await host.start(['--restore-on-exit']);
  host.spool();
  await host.placed();
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  assert.is(host.affinities(), '0-7,0-7,0-7,0-7');
});

test('--restore-on-exit: changes of a watcher that was killed are restored, too', async () => {
  await host.start(['--restore-on-exit']);
  host.spool();
  await host.placed();
  await until('saved', () => existsSync(host.root.join('run/hostdev-cpuset/restore.json')));
  await host.end('SIGKILL');
  // As if it was killed during a write.
  host.root.write(`run/hostdev-cpuset/.tmp-${host.pid}-${'0'.repeat(24)}`, '');
  host.stderr = '';
  await host.start(['--restore-on-exit']);
  host.spool();
  await until('processed', () => readdirSync(host.root.join('run/hostdev-cpuset/spool')).length === 0);
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  assert.is(host.affinities(), '0-7,0-7,0-7,0-7');
  assert.equal(readdirSync(host.root.join('run/hostdev-cpuset')), ['spool']);
});

test('--restore-on-exit: a line that another watcher placed is restored from the state', async () => {
  await host.start();
  host.spool();
  await host.placed();
  await host.end('SIGTERM');
  host.stderr = '';
  await host.start(['--restore-on-exit']);
  host.spool();
  await until('processed', () => readdirSync(host.root.join('run/hostdev-cpuset/spool')).length === 0);
  await host.end('SIGTERM');
  assert.is(host.affinities(), '2-3,2-3,2-3,0-7', 'the original masks of vectors are unknown');
});

test('a line that is not restored at the end of its domain is reported', async () => {
  await host.start();
  host.spool();
  await host.placed();
  host.root.handBack(16);
  host.root.write('sys/kernel/irq/16/type', 'edge\n');
  host.spool(liveXml(''), 'release');
  await host.says('guest: IRQ 16 of 0000:07:00.0 keeps its affinity: it is edge-triggered');
  assert.is(host.root.affinity(16), '4-5');
});

test('SIGHUP: a new configuration is used at once, a broken one is reported and ignored', async () => {
  await host.start();
  host.spool();
  await host.placed();
  host.root.configure('{ "allowedCpus": "3,4" }');
  host.signal('SIGHUP');
  await host.placed('limited', '3,3,3,4');
  host.root.configure('{ "allowedCpus": "7", }');
  host.signal('SIGHUP');
  await host.says(`configuration not reloaded: ${host.root.path}/etc/hostdev-cpuset/config.json:1:`);
  host.root.configure('{ "allowedCpus": "7" }');
  chmodSync(host.root.join('etc/hostdev-cpuset/config.json'), 0o666);
  host.signal('SIGHUP');
  await host.says('config.json: writable by group or others (mode 0666)');
  host.root.move(41, 'ff');
  await host.placed('as before', '3,3,3,4');
});

test('a vector in a trace event is placed before the next poll, and the reading thread ends', async () => {
  host.root.configure('{ "intervals": { "busy": 3600000, "quiet": 3600000, "traced": 3600000 } }');
  mkdirSync(host.root.join(INSTANCE), { recursive: true });
  const tracefs = new SimulatedTracefs(host.root);
  tracefs.populate();
  try {
    await host.start();
    assert.match(host.stderr, 'detecting new interrupts with trace events');
    assert.is(tracefs.read(EVENT), '1');
    host.spool();
    await host.placed();
    assert.is((await watcherOf(host)).way, 'events');
    host.root.move(41, 'ff');
    tracefs.tellVector(41);
    await host.placed('placed again');
    assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
    assert.is(tracefs.read(EVENT), '0', 'the event is disabled again');
  } finally {
    tracefs.close();
  }
});

test('off x86, calls of kernel functions have the same effect', async () => {
  host.root.configure('{ "intervals": { "busy": 3600000, "quiet": 3600000, "traced": 3600000 } }');
  mkdirSync(host.root.join(INSTANCE), { recursive: true });
  const tracefs = new SimulatedTracefs(host.root, false, true);
  tracefs.populate();
  try {
    await host.start();
    assert.match(host.stderr, 'detecting new interrupts with trace events');
    assert.is(tracefs.read('current_tracer'), 'function');
    host.spool();
    await host.placed();
    host.root.move(41, 'ff');
    tracefs.tellCall(9, 'irq_set_affinity <-write_irq_affinity');
    await host.placed('placed again after a move');
    host.root.renewVectors();
    tracefs.tellCall(4000, 'request_threaded_irq <-vfio_msi_set_vector_signal');
    await host.placed('new vectors are placed');
    assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
    assert.is(tracefs.read('current_tracer'), 'nop', 'the tracer is off again');
  } finally {
    tracefs.close();
  }
});

test('a posted vector is not written, and status shows it while the watcher runs', async () => {
  host.root.configure('{ "intervals": { "busy": 3600000, "quiet": 3600000, "traced": 3600000 } }');
  mkdirSync(host.root.join(INSTANCE), { recursive: true });
  const tracefs = new SimulatedTracefs(host.root);
  tracefs.populate();
  try {
    await host.start();
    tracefs.loadKvm();
    host.spool();
    await host.placed();
    assert.is(tracefs.read(POSTING_EVENT), '1', 'the event is enabled when the domain is added');
    tracefs.tellPosted(41, 1);
    const postings = () => existsSync(host.root.join('run/hostdev-cpuset/posting.json'));
    await until('the posting status is written', postings);
    // No vector has the policy's affinity, and the kernel reports those that are not posted.
    host.root.renewVectors();
    for (const irq of [40, 42]) tracefs.tellVector(irq);
    await host.placed('all but the posted vector', '2-3,0-7,2-3,4-5');
    const statusOf = async (option: string[]) => {
      const { stdout } = await runCli('hostdev-cpuset', ['status', '--root', host.root.path, ...option, '-'], {
        input: BOTH,
      });
      return stdout;
    };
    const { domains, summary } = JSON.parse(await statusOf(['--json']));
    const states = domains[0].devices[0].interrupts.map(({ irq, posting, action }: InterruptReport) => [
      irq,
      posting,
      action,
    ]);
    assert.equal(states, [
      [40, { state: 'unknown', vcpu: null }, 'keep'],
      [41, { state: 'yes', vcpu: 1 }, 'skip'],
      [42, { state: 'unknown', vcpu: null }, 'keep'],
    ]);
    assert.is(summary.posted, 1);
    assert.match(await statusOf([]), 'posted to vCPU 1: its affinity has no effect');
    // The guest masks the vector.
    tracefs.tellPosted(41, null);
    await host.placed('the vector is placed');
    tracefs.tellPosted(42, 0);
    await until('the new status is written', () =>
      readFileSync(host.root.join('run/hostdev-cpuset/posting.json'), 'utf8').includes('"irq":42'),
    );
    assert.is(await host.end('SIGTERM').then(({ code }) => code), 0);
    assert.not.ok(postings());
    const after = JSON.parse(await statusOf(['--json']));
    assert.is(after.summary.posted, 0, 'unknown without a watcher');
  } finally {
    tracefs.close();
  }
});

test('a watcher that is stopping releases its lock before it waits for the trace pipe', async () => {
  mkdirSync(host.root.join(INSTANCE), { recursive: true });
  const tracefs = new SimulatedTracefs(host.root);
  tracefs.populate();
  try {
    await host.start();
    host.spool();
    await host.placed();
    // A write to the marker does not wake the reader.
    rmSync(host.root.join(INSTANCE, 'trace_marker'));
    host.root.write(`${INSTANCE}/trace_marker`, '');
    host.signal('SIGTERM');
    await until('the lock is released', () => !existsSync(host.root.join('run/hostdev-cpuset/watch.pid')));
    const stopping = readFileSync(host.root.join('run/hostdev-cpuset/watch.stopping'), 'utf8');
    assert.is(stopping.split(' ')[0], String(host.pid));
    assert.ok(isAlive(String(host.pid)));
    await host.end();
    assert.not.ok(existsSync(host.root.join('run/hostdev-cpuset/watch.stopping')));
  } finally {
    tracefs.close();
  }
});

for (const name of ['.new.7', `.taken.${UUID}`]) {
  test(`--until-idle: ${name} of a hook that was killed does not keep the watcher running`, async () => {
    await host.start(['--until-idle']);
    const path = host.root.write(`run/hostdev-cpuset/spool/${name}`, 'release\n<domain/>');
    utimesSync(path, 1, 1);
    assert.equal(await host.end(), { code: 0, signal: null });
    assert.not.ok(existsSync(path));
  });
}

test('a flood of lines about one domain is limited, and the omitted lines are counted', async () => {
  host.root.configure(
    '{ "intervals": { "busy": 10, "quiet": 10, "traced": 10 }, "contest": { "limit": 1000, "window": 60000 } }',
  );
  await host.start();
  host.spool();
  await host.placed();
  for (let move = 0; move < 30; move++) {
    host.root.move(41, 'ff');
    await host.placed('repaired');
  }
  await host.end('SIGTERM');
  const lines = host.stderr.split('\n').filter((line) => line.includes(': guest: ') && !line.includes('were left out'));
  assert.is(lines.length, 20, host.stderr);
  assert.match(host.stderr, /: guest: \d+ more lines like these were left out/);
});

test('--no-tracing: tracefs is not used', async () => {
  const tracefs = new SimulatedTracefs(host.root);
  tracefs.populate();
  try {
    await host.start(['--no-tracing']);
    assert.match(host.stderr, 'trace events unavailable (--no-tracing): polling');
    assert.is(tracefs.read(EVENT), '0');
    await host.end('SIGTERM');
  } finally {
    tracefs.close();
  }
});

test('status reports the watcher and its detection method, or that no watcher runs', async () => {
  await host.start();
  host.spool();
  await host.placed();
  await until('counters published', async () => (await watcherOf(host)).counters.interrupts === 4);
  const { pid, way, reason } = await watcherOf(host);
  assert.equal({ pid, way, reason }, { pid: host.pid, way: 'intervals', reason: 'tracefs is not mounted' });
  // Wrapped to the width of the terminal.
  const text = (await statusText()).replace(/\s+/g, ' ');
  assert.match(text, /watcher: process \d+ since [^,]*, (?:[^,]*, )*4 interrupts managed, .*polling: tracefs/);
  await host.end('SIGKILL');
  assert.is(await watcherOf(host), null);
  assert.match(await statusText(), /^no watcher runs: /m);
});

test('a second watcher is rejected, unless the first one was killed', async () => {
  await host.start();
  const second = await runCli('hostdev-cpuset', ['watch', '--root', host.root.path]);
  const stderr = `hostdev-cpuset: hostdev-cpuset watch is already running: process ${host.pid}\n`;
  assert.equal(second, { code: 2, stdout: '', stderr });
  await host.end('SIGKILL');
  host.stderr = '';
  await host.start();
  assert.match(host.stderr, 'trace events');
});

test('a watcher with --until-idle is replaced by one without, but not the other way round', async () => {
  await host.start(['--until-idle']);
  await until('published', async () => (await watcherOf(host))?.untilIdle);
  const first = host.end();
  host.stderr = '';
  await host.start();
  assert.equal(await first, { code: 0, signal: null });
  assert.is((await watcherOf(host)).pid, host.pid);
  const other = await runCli('hostdev-cpuset', ['watch', '--until-idle', '--root', host.root.path]);
  assert.match(other.stderr, 'is already running');
});

test('--until-idle: it ends with the last domain, not before', async () => {
  mkdirSync(host.root.join('run/hostdev-cpuset/spool'), { recursive: true });
  host.spool();
  await host.start(['--until-idle']);
  await host.placed();
  host.spool(liveXml(''), 'release');
  assert.equal(await host.end(), { code: 0, signal: null });
});

test('repeated signals have the effect of one', async () => {
  await host.start(['--restore-on-exit']);
  host.spool();
  await host.placed();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) host.signal(signal);
  assert.equal(await host.end(), { code: 0, signal: null });
  assert.is(host.affinities(), '0-7,0-7,0-7,0-7');
});

test('an error below /run is reported in one line and ends the watcher', async () => {
  host.root.write('run/hostdev-cpuset/spool', 'a file');
  host.spawn(['--until-idle']);
  assert.equal(await host.end(), { code: 2, signal: null });
  assert.match(host.stderr, /^hostdev-cpuset: [^\n]*\/spool: ENOTDIR\n$/);
  assert.not.ok(existsSync(host.root.join('run/hostdev-cpuset/watch.pid')));
});

test('after /run was emptied, the lock is taken again', async () => {
  await host.start();
  // In one step, as it is created again at once.
  renameSync(host.root.join('run/hostdev-cpuset'), host.root.join('run/gone'));
  await until('lock taken again', () => new InstanceLock(host.root.path).holder() === host.pid);
});

test('an unreachable libvirt and an invalid spool file are reported in one line each', async () => {
  await host.start();
  host.root.write('run/hostdev-cpuset/spool/garbage', '\0\0');
  await host.says('"garbage" in the spool: not a call of the hook: removed');
  await host.says('cannot reach libvirt, retrying: virsh: failed to connect to the hypervisor');
  host.spool('<domain');
  await host.says("the hook's started: the domain's XML, 1:");
  host.spool();
  await host.placed('placed nevertheless');
  assert.is(host.stderr.split('cannot reach libvirt').length, 2);
});

test('unknown events of libvirt are reported once and counted', async () => {
  const line = '2026-03-01 20:44:28.039+0000: a new form';
  host.virsh(`case "$*" in *event*) printf '%s\\n' '${line}' '${line}'; exec sleep 600 ;; esac`);
  await host.start();
  await host.says(`virsh event printed an unknown event, which may be missed; others are only counted: ${line}`);
  const count = () =>
    JSON.parse(readFileSync(host.root.join('run/hostdev-cpuset/watch.json'), 'utf8')).counters.unknownEvents;
  await until('they are counted', () => count() === 2);
  assert.is(host.stderr.split('unknown event').length, 2);
});

test('a failure to write the metrics is reported once', async () => {
  await host.start(['--metrics', host.root.join('none/x.prom')]);
  await host.says(`cannot write the metrics: ${host.root.join('none/x.prom')}: ENOENT`);
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  assert.is(host.stderr.split('the metrics').length, 2);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: the watcher removes its metrics`, async () => {
    const path = host.root.join('x.prom');
    await host.start(['--metrics', path]);
    host.spool();
    await host.placed();
    await until('they are written', () => /^hostdev_cpuset_interrupts\{domain="guest"\} 4$/m.test(textOf(path)));
    assert.match(textOf(path), `hostdev_cpuset_build_info{version="${version}"} 1\n`);
    assert.equal(await host.end(signal), { code: 0, signal: null });
    assert.not.ok(existsSync(path));
  });
}

test('a broken configuration and an invalid host are reported in one line at the start', async () => {
  const root = new SimulatedRoot();
  try {
    root.configure('{');
    const { code, stderr } = await runCli('hostdev-cpuset', ['watch', '--root', root.path]);
    assert.is(code, 2);
    const place = `hostdev-cpuset: ${root.path}/etc/hostdev-cpuset/config.json:1:2: `;
    assert.match(stderr, new RegExp(`^${place}[^\\n]*\\n$`));
    const none = await runCli('hostdev-cpuset', ['watch', '--root', root.join('none')]);
    assert.is(none.code, 2);
    assert.match(none.stderr, /^hostdev-cpuset: [^\n]* is not a Linux host[^\n]*\n$/);
  } finally {
    root.remove();
  }
});

test('only root may run it, except with --root', async () => {
  const stream = { isTTY: false, isOpen: () => true, write: () => {} };
  const io = { env: {}, stdin: { fd: 0, isTTY: false }, stdout: stream, stderr: stream, columns: () => 80 };
  const options = { paths: [], untilIdle: false, restoreOnExit: false, tracing: false };
  const refusal = await watchCommand(options, { ...io, userId: () => 1000 }).catch((error: Error) => error);
  assert.instance(refusal, ToolError);
  assert.match((refusal as Error).message, /^watch writes .*, which needs root: run it with sudo$/);
});

test('it accepts no domain names', async () => {
  const { code, stderr } = await runCli('hostdev-cpuset', ['watch', 'guest']);
  assert.equal([code, stderr], [2, 'hostdev-cpuset: watch takes no names: guest\n']);
});

test.run();

const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const isAlive = (pid: string) => existsSync(`/proc/${pid}`);

const tied = suiteWhere('watch and its virsh', needs('setpriv'));
tied.before.each(() => {
  host = new Watching();
});
tied.after.each(() => host.remove());

tied('virsh ends with a watcher that is killed', async () => {
  host.virsh(`case "$*" in *event*) echo $$ >'${host.root.join('virsh-pid')}'; exec sleep 600 ;; esac`);
  await host.start();
  const pid = () =>
    existsSync(host.root.join('virsh-pid')) ? readFileSync(host.root.join('virsh-pid'), 'utf8').trim() : '';
  await until('virsh runs', () => pid() !== '');
  await host.end('SIGKILL');
  await until('virsh has ended', () => !existsSync(`/proc/${pid()}`));
});

tied.run();

// With a file argument status does not ask libvirt for the running domains.
const statusOf = (options: string[]) =>
  runInProcess('hostdev-cpuset', ['status', '--root', host.root.path, ...options, '-'], { input: liveXml('') });

async function watcherOf(_: Watching) {
  const report = JSON.parse((await statusOf(['--json'])).stdout);
  validateEnforceReport(report);
  return report.watcher;
}

async function statusText(): Promise<string> {
  return (await statusOf([])).stdout;
}
