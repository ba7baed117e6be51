import { type ChildProcess, spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { until } from '../support/until.js';
import { Watching } from './watching.js';

const test = suiteWhere('watch as a service', needs('systemd-notify', 'perl'));
// Node cannot receive datagrams on such a socket.
const RECEIVER = `use IO::Socket::UNIX; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
print "listening\\n";
while (defined $socket->recv(my $message, 65536)) { $message =~ s/\\n/ /g; print "$message\\n"; }`;
let host: Watching;
let receiver: ChildProcess;
let messages: string[];

test.before.each(async () => {
  host = new Watching();
  messages = [];
  receiver = spawn('perl', ['-e', RECEIVER, host.root.join('notify')], { stdio: ['ignore', 'pipe', 'inherit'] });
  receiver.stdout?.on('data', (text) => {
    messages.push(...String(text).trim().split('\n'));
  });
  await receives(/^listening$/);
});
test.after.each(async () => {
  receiver.kill();
  await host.remove();
});

const receives = (message: RegExp) => until(`${message}`, () => messages.some((one) => message.test(one)));
const service = (more: Record<string, string> = {}) =>
  host.start([], { NOTIFY_SOCKET: host.root.join('notify'), ...more });

test('it notifies ready, status, reloading and stopping', async () => {
  await service();
  await receives(/^READY=1 ?$/);
  host.spool();
  await receives(/^STATUS=4 interrupts of 1 domains managed, polling ?$/);
  messages.length = 0;
  host.signal('SIGHUP');
  await receives(/^READY=1 ?$/);
  const reloading = messages.findIndex((one) => /^RELOADING=1 MONOTONIC_USEC=\d+ ?$/.test(one));
  assert.ok(reloading >= 0 && reloading < messages.findIndex((one) => one.startsWith('READY=1')), messages.join('\n'));
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  await receives(/^STOPPING=1 ?$/);
});

test('a systemd that receives nothing does not delay the end', async () => {
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
  // Each message would take 5 s.
  await until('it has ended', () => code !== undefined, 10_000);
  assert.is(code, 0);
  receiver.kill('SIGCONT');
});

test('it notifies the watchdog while it runs', async () => {
  await service({ WATCHDOG_USEC: '200000' });
  await receives(/^WATCHDOG=1 ?$/);
  messages.length = 0;
  await receives(/^WATCHDOG=1 ?$/);
});

test('a huge watchdog interval causes no frequent notifications', async () => {
  await service({ WATCHDOG_USEC: '99999999999999999999' });
  host.spool();
  await receives(/^STATUS=4 interrupts/);
  assert.equal(
    messages.filter((one) => one.startsWith('WATCHDOG')),
    [],
  );
  assert.not.match(host.stderr, 'Warning');
});

test('under systemd, without a journal socket, lines have their priority as a prefix', async () => {
  await service({ JOURNAL_STREAM: '8:1' });
  assert.match(host.stderr, /^<6>trace events unavailable \(tracefs is not mounted\): polling$/m);
});

test.run();
