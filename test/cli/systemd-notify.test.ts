import { type ChildProcess, spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { until } from '../support/until.js';
import { Watching } from './watching.js';

const test = suiteWhere('watch as a service', needs('systemd-notify', 'perl'));
// Node receives no datagrams on such a socket, either
const RECEIVER = `use IO::Socket::UNIX; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
print "listening\\n";
while (defined $socket->recv(my $message, 65536)) { $message =~ s/\\n/ /g; print "$message\\n"; }`;
let host: Watching;
let receiver: ChildProcess;
let heard: string[];

test.before.each(async () => {
  host = new Watching();
  heard = [];
  receiver = spawn('perl', ['-e', RECEIVER, host.root.join('notify')], { stdio: ['ignore', 'pipe', 'inherit'] });
  receiver.stdout?.on('data', (text) => {
    heard.push(...String(text).trim().split('\n'));
  });
  await hears(/^listening$/);
});
test.after.each(async () => {
  receiver.kill();
  await host.remove();
});

const hears = (message: RegExp) => until(`${message}`, () => heard.some((one) => message.test(one)));
const service = (more: Record<string, string> = {}) =>
  host.start([], { NOTIFY_SOCKET: host.root.join('notify'), ...more });

test('says that it is ready, what it holds, that it reloads, and that it ends', async () => {
  await service();
  await hears(/^READY=1 ?$/);
  host.spool();
  await hears(/^STATUS=4 interrupts of 1 domains managed, polling ?$/);
  heard.length = 0;
  host.signal('SIGHUP');
  await hears(/^READY=1 ?$/);
  const reloading = heard.findIndex((one) => /^RELOADING=1 MONOTONIC_USEC=\d+ ?$/.test(one));
  assert.ok(reloading >= 0 && reloading < heard.findIndex((one) => one.startsWith('READY=1')), heard.join('\n'));
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  await hears(/^STOPPING=1 ?$/);
});

test('a systemd that takes nothing holds up no end', async () => {
  await service({ WATCHDOG_USEC: '200000' });
  receiver.kill('SIGSTOP');
  host.spool();
  await host.placed();
  host.signal('SIGHUP');
  await host.says('configuration reloaded');
  let code: number | null | undefined;
  void host.end('SIGTERM').then((end) => {
    code = end.code;
  });
  // each message would take 5 s
  await until('it has ended', () => code !== undefined, 10_000);
  assert.is(code, 0);
  receiver.kill('SIGCONT');
});

test('feeds the watchdog while it lives', async () => {
  await service({ WATCHDOG_USEC: '200000' });
  await hears(/^WATCHDOG=1 ?$/);
  heard.length = 0;
  await hears(/^WATCHDOG=1 ?$/);
});

test('a watchdog of ages is fed no more often than any other', async () => {
  await service({ WATCHDOG_USEC: '99999999999999999999' });
  host.spool();
  await hears(/^STATUS=4 interrupts/);
  assert.equal(
    heard.filter((one) => one.startsWith('WATCHDOG')),
    [],
  );
  assert.not.match(host.stderr, 'Warning');
});

test('under systemd, where the journal has no socket, lines carry their priority', async () => {
  await service({ JOURNAL_STREAM: '8:1' });
  assert.match(host.stderr, /^<6>trace events unavailable \(tracefs is not mounted\): polling$/m);
});

test.run();
