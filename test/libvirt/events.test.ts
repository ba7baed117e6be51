import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pause } from '../../src/lib/pause.js';
import { LibvirtDaemon, SYSTEM_URI } from '../../src/libvirt/daemon.js';
import { LibvirtEvents } from '../../src/libvirt/events.js';
import { Virsh } from '../../src/libvirt/virsh.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const test = suite("libvirt's events");
const STAMP = '2026-03-01 20:44:28.039+0000: ';
const SILENT = { event() {}, connecting() {}, waiting() {}, unknown() {} };
let clock: ReturnType<typeof installClock>;
let folder: TemporaryFolder;
let reports: string[];
let events: LibvirtEvents | undefined;

test.before.each(() => {
  clock = installClock();
  folder = new TemporaryFolder();
  reports = [];
});
test.after.each(() => {
  events?.close();
  events = undefined;
  clock.uninstall();
  folder.remove();
});

/** A virsh that runs this script. */
function virsh(script: string): { uri: string; env: Record<string, string | undefined> } {
  chmodSync(folder.write('virsh', `#!/bin/sh\nprintf '%s\\n' "$@" >>'${folder.path}/words'\n${script}\n`), 0o755);
  return { uri: 'test:///x y', env: { ...process.env, PATH: `${folder.path}:${process.env.PATH}` } };
}

/** The condition, while the clock advances. */
const ticking = (condition: () => boolean) => () => {
  clock.tick(100);
  return condition();
};

function start(script: string): void {
  events = new LibvirtEvents(virsh(script), {
    event: (event) => reports.push(event === null ? 'somebody' : `${event.domain} ${event.change}`),
    connecting: (first) => reports.push(first ? 'connecting' : 'connected'),
    lost: (reason) => reports.push(`lost: ${reason}`),
    waiting: () => reports.push('waiting'),
    unknown: (line) => reports.push(`unknown: ${line}`),
  });
  events.start();
}

test('lines are read as they arrive, also in parts', async () => {
  const line = `${STAMP}event 'reboot' for domain 'a`;
  start(`printf "%s" "${line}"; mkfifo '${folder.path}/go'; read -r _ <'${folder.path}/go'
printf "%s\\n" "b'" "" "${line}"; exec sleep 600`);
  await until('the first piece is written', () => existsSync(folder.join('go')));
  writeFileSync(folder.join('go'), '\n');
  await until('both', () => reports.length === 3);
  assert.equal(reports, ['connecting', 'ab interrupts', 'somebody']);
  assert.is(readFileSync(folder.join('words'), 'utf8'), '--connect=test:///x y\nevent\n--all\n--loop\n--timestamp\n');
});

for (const [what, hasSetpriv] of [
  ['with setpriv', true],
  ['without setpriv', false],
] as const) {
  test(`a missing virsh is reported, ${what}`, async () => {
    if (hasSetpriv) chmodSync(folder.write('setpriv', '#!/bin/sh\n[ "$3" = true ] || exit 127\n'), 0o755);
    const listener = { ...SILENT, lost: (reason: string) => reports.push(reason) };
    events = new LibvirtEvents({ uri: undefined, env: { PATH: folder.path } }, listener);
    events.start();
    await until('reported', () => reports.length > 0);
    assert.equal(reports, ['virsh was not found (Debian: libvirt-clients)']);
  });
}

test('a virsh that ends soon after each start is started with back-off', async () => {
  start(`echo "error: Disconnected from qemu:///system due to end of file" >&2
exit 1`);
  const connections = () => reports.filter((word) => word === 'connecting').length;
  for (const [count, delayMs] of [1000, 2000, 4000].entries()) {
    await until('it has ended', () => reports.at(-1) !== 'connecting');
    clock.tick(delayMs - 1);
    assert.is(connections(), count + 1);
    clock.tick(1);
    assert.is(connections(), count + 2);
  }
});

test('a virsh that ends some seconds after each start is started with back-off, until it runs for a minute', async () => {
  const end = folder.join('end');
  start(`while ! [ -e '${end}' ]; do sleep 0.02; done; rm '${end}'; exit 1`);
  const count = (word: string) => reports.filter((each) => each.startsWith(word)).length;
  const endsAfter = async (milliseconds: number) => {
    clock.tick(milliseconds);
    assert.is(reports.at(-1), 'connected');
    folder.write('end', '');
    await until('it has ended', () => !existsSync(end) && reports.at(-1) !== 'connected');
  };
  for (const [livedMs, delayMs] of [
    [3000, 1000],
    [3000, 2000],
    [59_000, 4000],
    [60_000, 1000],
  ] as const) {
    await endsAfter(livedMs);
    const before = count('connecting');
    clock.tick(delayMs - 1);
    assert.is(count('connecting'), before);
    clock.tick(1);
    assert.is(count('connecting'), before + 1);
  }
});

test('a daemon that has ended is not started by a connection or a request, but waited for', async () => {
  const pidFile = folder.write('run/virtqemud.pid', '1\n');
  const call = virsh(`case $* in *event*) ;; *) echo; exit ;; esac
echo start >>'${folder.path}/starts'
while [ -e '${pidFile}' ]; do sleep 0.05; done
echo "error: Disconnected from qemu:///system due to end of file" >&2
exit 1`);
  const connection = { ...call, uri: SYSTEM_URI };
  const daemon = new LibvirtDaemon(folder.path, connection.uri);
  const client = new Virsh(connection, undefined, daemon);
  events = new LibvirtEvents(
    connection,
    {
      ...SILENT,
      connecting: (first) => reports.push(first ? 'connecting' : 'connected'),
      lost: () => reports.push('lost'),
      waiting: () => reports.push('waiting'),
    },
    daemon,
  );
  events.start();
  await until(
    'connected',
    ticking(() => reports.includes('connected')),
  );
  assert.equal(await client.listRunning(), []);
  rmSync(pidFile);
  await until(
    'the daemon is waited for',
    ticking(() => reports.includes('waiting')),
  );
  const failure = await client.listRunning().catch(({ message }) => message);
  assert.is(failure, 'virsh: the daemon of libvirt does not run');
  // Longer than the first delays of a back-off.
  clock.tick(10_000);
  assert.equal(reports, ['connecting', 'connected', 'lost', 'waiting']);
  assert.is(readFileSync(folder.join('starts'), 'utf8'), 'start\n');
  folder.write('run/libvirtd.pid', '2\n');
  await until(
    'it is connected again',
    ticking(() => reports.filter((text) => text === 'connecting').length === 2),
  );
});

for (const [what, uri, pidFile] of [
  ['of another URI', 'test:///default', 'run/libvirtd.pid'],
  ['without a pid file', SYSTEM_URI, 'run/another.pid'],
] as const) {
  test(`whether a daemon ${what} has ended is unknown`, () => {
    const path = folder.write(pidFile, '1\n');
    const daemon = new LibvirtDaemon(folder.path, uri);
    daemon.connected();
    rmSync(path);
    assert.not.ok(daemon.hasEnded);
  });
}

test('a line in an unknown format is reported and may be any event; the second line of a name is ignored', async () => {
  const lines = ['new form', `${STAMP}event 'reboot' for domain 'two`, "lines'", `${STAMP}event 'new' for domain 'a'`];
  start(`printf '%s\\n' ${lines.map((line) => `"${line}"`).join(' ')}; exec sleep 600`);
  await until('all', () => reports.length >= 4);
  assert.equal(reports, ['connecting', 'unknown: new form', `unknown: ${lines[3]}`, 'somebody']);
});

test('a virsh that ends is started again, and the reason is reported', async () => {
  start(`[ -e '${folder.path}/once' ] && exec sleep 600
touch '${folder.path}/once'
echo 'error: Disconnected from qemu:///system due to end of file' >&2
exit 1`);
  await until('it has ended', () => reports.length === 2);
  clock.tick(1000);
  clock.tick(2000);
  assert.equal(reports, [
    'connecting',
    'lost: virsh: Disconnected from qemu:///system due to end of file',
    'connecting',
    'connected',
  ]);
});

test('a missing virsh is reported as the reason', async () => {
  events = new LibvirtEvents(
    { uri: undefined, env: { PATH: folder.path } },
    { ...SILENT, lost: (reason) => reports.push(reason) },
  );
  events.start();
  await until('reported', () => reports.length > 0);
  assert.match(reports[0] as string, 'virsh');
});

test('after close nothing is reported or started', async () => {
  start(`echo $$ >'${folder.path}/up.new'; mv '${folder.path}/up.new' '${folder.path}/up'; exec sleep 600`);
  await until('up', () => existsSync(folder.join('up')));
  const pid = Number(readFileSync(folder.join('up'), 'utf8'));
  events?.close();
  await until('virsh has ended', () => !existsSync(`/proc/${pid}`));
  clock.tick(60_000);
  assert.equal(reports, ['connecting']);
  assert.is(clock.countTimers(), 0);
});

test('equal events that arrive together are reported once', async () => {
  const lines = ['a', 'b', 'a'].map((name) => `"${STAMP}event 'reboot' for domain '${name}'"`);
  start(`printf '%s\\n' ${lines.join(' ')}; exec sleep 600`);
  await until('both', () => reports.includes('b interrupts'));
  assert.equal(reports, ['connecting', 'a interrupts', 'b interrupts']);
});

test('virsh is called without a shell, and in English', async () => {
  const call = virsh(`[ "$2" = list ] && printf '%s\\n' 5B1C2AD4-9F0E-4C39-8A53-0E6C3C1F7A10 '' && exit
echo "$LC_ALL"`);
  assert.equal(await new Virsh(call).listRunning(), ['5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10']);
  assert.is(await new Virsh(call).dumpXml('$(id)'), 'C\n');
  assert.match(readFileSync(folder.join('words'), 'utf8'), /^--domain=\$\(id\)$/m);
});

for (const [name, script, words] of [
  [
    'the message of virsh',
    "echo 'noise' >&2; echo 'error: failed to get domain' >&2; exit 1",
    'virsh: failed to get domain',
  ],
  [
    'all distinct messages',
    "echo 'error: no domain'; echo 'error: no domain' >&2; echo 'error: busy' >&2; exit 1",
    'virsh: no domain: busy',
  ],
  ['a limited length', "printf 'error: %01000d' 0 >&2; exit 1", `virsh: ${'0'.repeat(500)}`],
  ['the exit status', 'exit 7', 'virsh: exit status 7'],
] as const) {
  test(`the error has ${name}`, async () => {
    const failure = await new Virsh(virsh(script)).listRunning().catch((error: Error) => error.message);
    assert.is(failure, words);
  });
}

for (const [what, script] of [
  ['nothing', 'exit 0'],
  ['something else', 'echo 5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10; echo garbage'],
] as const) {
  test(`${what} in place of a list is a failure, not the end of all domains`, async () => {
    const failure = await new Virsh(virsh(script)).listRunning().catch((error: Error) => error.message);
    assert.is(failure, 'virsh list: unexpected output');
  });
}

test('an empty line is an empty list', async () => {
  assert.equal(await new Virsh(virsh('echo')).listRunning(), []);
});

test('a call that is running at close fails, even if virsh has answered', async () => {
  const call = new Virsh(virsh(`echo '<domain/>'; exec >&- 2>&-; touch '${folder.path}/answered'`));
  const failure = call.dumpXml('x').catch((error: Error) => error.message);
  // The answer is not processed meanwhile.
  while (!existsSync(folder.join('answered'))) pause(10);
  call.close();
  assert.is(await failure, 'virsh: the client is closed');
});

test('a call after close fails at once', async () => {
  const closed = new Virsh(virsh('echo'));
  closed.close();
  const failure = await closed.listRunning().catch((error: Error) => error.message);
  assert.is(failure, 'virsh: the client is closed');
  assert.not.ok(existsSync(folder.join('words')));
});

test('a missing virsh is an error', async () => {
  const failure = await new Virsh({ uri: undefined, env: { PATH: folder.path } })
    .listRunning()
    .catch(({ message }) => message);
  assert.is(failure, 'virsh was not found (Debian: libvirt-clients)');
});

test.run();
