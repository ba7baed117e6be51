import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { askIrqbalance, findIrqbalanceSockets, irqsOf } from '../../../src/host/irqbalance-socket.js';
import { Watching } from '../../cli/watching.js';
import { liveXml } from '../../hook/simulated-root.js';
import { needs, suiteWhere } from '../../support/needs.js';
import { type PrivateIrqbalance, startIrqbalance } from '../../support/private-irqbalance.js';
import { until } from '../../support/until.js';

const test = suiteWhere('watcher with a real irqbalance', needs('irqbalance', 'mount-namespace'));
const VECTORS = '<hostdev address="0000:06:12.5" cpuset="auto"/>';
let host: Watching;
let irqbalance: PrivateIrqbalance | undefined;

test.before.each(() => {
  host = new Watching();
});
test.after.each(async () => {
  await irqbalance?.stop();
  irqbalance = undefined;
  await host.remove();
});

test('managed interrupts are banned, others are not, and bans and device list are removed on exit', async () => {
  irqbalance = await startIrqbalance(host.root, ['--banirq=77']);
  await host.start();
  host.spool(liveXml(VECTORS));
  await until('banned', async () => (await banned()) === '40,41,42,77');
  assert.is(devices(), '0000:06:12.5\n');
  assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
  await until('unbanned', async () => (await banned()) === '77');
  assert.is(devices(), undefined);
  assert.not.match(host.stderr, 'irqbalance');
});

test('the end of the last domain removes bans and device list', async () => {
  irqbalance = await startIrqbalance(host.root);
  await host.start();
  host.spool(liveXml(VECTORS));
  await until('banned', async () => (await banned()) === '40,41,42');
  host.spool(liveXml(VECTORS), 'release');
  await until('unbanned', async () => (await banned()) === '' && devices() === undefined);
});

test('a restarted irqbalance gets the bans again', async () => {
  await host.start();
  host.spool(liveXml(VECTORS));
  await until('in the device list', () => devices() === '0000:06:12.5\n');
  irqbalance = await startIrqbalance(host.root);
  await until('banned', async () => (await banned()) === '40,41,42');
});

test('bans of a killed watcher stay until the next watcher knows the running domains', async () => {
  irqbalance = await startIrqbalance(host.root);
  await host.start();
  host.spool(liveXml(VECTORS));
  await until('banned', async () => (await banned()) === '40,41,42');
  await host.end('SIGKILL');
  host.stderr = '';
  await host.start();
  assert.is(await banned(), '40,41,42');
  host.spool(liveXml('<hostdev address="0000:07:00.0" cpuset="4-5"/>'));
  await until('the new bans', async () => (await banned()) === '16');
});

test('an irqbalance that does not answer is reported once and delays nothing', async () => {
  host.root.write('run/irqbalance/none', '');
  const { createServer } = await import('node:net');
  const server = createServer(() => {}).listen(host.root.join('run/irqbalance/irqbalance9.sock'));
  try {
    await host.start();
    host.spool();
    await host.placed();
    await host.says('cannot send bans to irqbalance');
    assert.equal(await host.end('SIGTERM'), { code: 0, signal: null });
    assert.is(host.stderr.split('cannot send bans to irqbalance').length, 2);
  } finally {
    server.close();
  }
});

test.run();

/** The banned IRQs, sorted; undefined if no irqbalance listens. */
async function banned(): Promise<string | undefined> {
  const [socket] = findIrqbalanceSockets(host.root.path);
  if (!socket) return undefined;
  return [...irqsOf(await askIrqbalance(socket, 'setup'))].sort((a, b) => a - b).join();
}

function devices(): string | undefined {
  const path = host.root.join('run/hostdev-cpuset/devices');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
