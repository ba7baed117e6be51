import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { LibvirtDaemon, SYSTEM_URI } from '../../src/libvirt/daemon.js';
import { LibvirtEvents } from '../../src/libvirt/events.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { until } from '../support/until.js';

const test = suiteWhere(
  'libvirt daemon that systemd starts on demand',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'mount-namespace', 'systemd-socket-activate'),
);
const IDLE_SECONDS = 2;
let libvirtd: PrivateLibvirtd;
let events: LibvirtEvents | undefined;

test.before(async () => {
  libvirtd = await startLibvirtd({ idleSeconds: IDLE_SECONDS });
});
test.after(async () => {
  events?.close();
  await libvirtd?.stop();
});

const pidFile = () => `${libvirtd.directory}/run/libvirtd.pid`;
const isRunning = () => existsSync(pidFile());

test('it is kept running by our connection, not started by us after its end, and used again when it runs', async () => {
  const calls: string[] = [];
  const connections = () => calls.filter((call) => call === 'connecting').length;
  events = new LibvirtEvents(
    { uri: libvirtd.uri, env: process.env },
    {
      event() {},
      connecting: (first) => calls.push(first ? 'connecting' : 'connected'),
      lost: () => calls.push('lost'),
      waiting: () => calls.push('waiting'),
      unknown: (line) => calls.push(line),
    },
    new LibvirtDaemon(libvirtd.directory, SYSTEM_URI),
  );
  events.start();
  await until('connected', () => calls.includes('connected'));
  const pid = readFileSync(pidFile(), 'utf8');
  await sleep(2 * IDLE_SECONDS * 1000);
  assert.is(readFileSync(pidFile(), 'utf8'), pid, 'the same daemon, beyond its idle time');

  await libvirtd.end();
  await until('waiting', () => calls.includes('waiting'));
  await sleep(4000);
  assert.not.ok(isRunning());
  assert.equal(calls, ['connecting', 'connected', 'lost', 'waiting']);

  // Another client starts it.
  assert.is((await libvirtd.virsh(['uri'])).code, 0);
  await until('connected again', () => connections() === 2 && calls.at(-1) === 'connected');

  events.close();
  await until('the daemon ends without clients', () => !isRunning());
});

test.run();
