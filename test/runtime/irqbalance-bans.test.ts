import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askIrqbalance, findIrqbalanceSockets, irqsOf } from '../../src/host/irqbalance-socket.js';
import { IrqbalanceBans } from '../../src/runtime/irqbalance-bans.js';
import { IrqbalanceDeviceList } from '../../src/runtime/irqbalance-device-list.js';
import { SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateIrqbalance, startIrqbalance } from '../support/private-irqbalance.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const real = suiteWhere('bans in a real irqbalance', needs('irqbalance', 'mount-namespace'));
let root: SimulatedRoot;
let irqbalance: PrivateIrqbalance | undefined;
let bans: IrqbalanceBans;

real.before.each(() => {
  root = new SimulatedRoot();
  bans = new IrqbalanceBans(root.path);
});
real.after.each(async () => {
  await irqbalance?.stop();
  irqbalance = undefined;
  root.remove();
});

real('banned interrupts keep their mask, all others are moved', async () => {
  irqbalance = await startIrqbalance(root);
  assert.equal(await bans.set(new Set([40, 41])), { running: true, unbanned: [] });
  await until('irqbalance manages the others', async () => (await moved()).size >= 3);
  assert.equal(await moved(), new Set([16, 17, 42]));
  place(40, '0c');
  place(42, 'ff');
  // As for a new device on the host: irqbalance places everything again.
  await ask('settings ban irqs 40 41');
  await until('the other interrupt is moved', () => mask(42) !== 'ff');
  assert.is(mask(40), '0c');
});

real('bans of others stay, and only ours are removed', async () => {
  irqbalance = await startIrqbalance(root, ['--banirq=16']);
  await bans.set(new Set([40, 41]));
  assert.equal(await banned(), new Set([16, 40, 41]));
  await bans.set(new Set([41, 42, 16]));
  assert.equal(await banned(), new Set([16, 41, 42]));
  // After a watcher was killed, the next one knows its bans.
  await new IrqbalanceBans(root.path).clear();
  assert.equal(await banned(), new Set([16]));
  assert.equal(left(), []);
  await bans.set(new Set());
  assert.equal(await banned(), new Set([16]));
});

real('the last ban is removed, too', async () => {
  irqbalance = await startIrqbalance(root);
  await bans.set(new Set([40]));
  await bans.clear();
  assert.equal(await banned(), new Set());
  await until('irqbalance manages it', async () => (await moved()).has(40));
});

real('a list that is too long is never truncated: the rest is reported', async () => {
  irqbalance = await startIrqbalance(root);
  const many = Array.from({ length: 200 }, (_, i) => 1000 + i);
  const result = await bans.set(new Set(many));
  assert.equal([...(await banned()), ...result.unbanned], many);
  assert.is(result.unbanned.length, 104);
  // The limit is known now: only what fits is sent.
  assert.equal((await bans.set(new Set([5, ...many]))).unbanned, many.slice(96));
  assert.equal([...(await banned())], [5, ...many.slice(0, 96)]);
});

real('the policy script bans the interrupts of managed devices when they appear', async () => {
  new IrqbalanceDeviceList(root.path).write(new Set(['0000:06:12.5']));
  irqbalance = await startIrqbalance(root, [`--policyscript=${installScript()}`]);
  await until('irqbalance manages one', async () => (await moved()).size > 0);
  assert.equal(await moved(), new Set([16, 17]));
  assert.equal(await banned(), new Set(), 'by the script, not by IRQ');
});

real('with the script, only IRQs that appeared before it ran are sent', async () => {
  irqbalance = await startIrqbalance(root, [`--policyscript=${installScript()}`]);
  root.write('proc/1/cmdline', 'irqbalance\0--policyscript=/etc/hostdev-cpuset/irqbalance.d/\0');
  await until('irqbalance manages it', async () => (await moved()).has(40));
  assert.equal(await bans.set(new Set([1000])), { running: true, unbanned: [] });
  assert.equal(await banned(), new Set());
  new IrqbalanceDeviceList(root.path).write(new Set(['0000:06:12.5']));
  await bans.set(new Set([40]));
  assert.equal(await banned(), new Set([40]));
  // This makes irqbalance ask the script about all of them.
  await until('the script was asked', async () => !(await moved()).has(42));
  assert.equal(await moved(), new Set([16, 17]));
});

real.run();

const fake = suite('bans with a simulated irqbalance');
let folder: TemporaryFolder;
let server: Server | undefined;

fake.before.each(() => {
  folder = new TemporaryFolder();
  mkdirSync(folder.join('run/irqbalance'), { recursive: true });
});
fake.after.each(() => {
  server?.close();
  server = undefined;
  folder.remove();
});

fake('without an irqbalance nothing is done and no file left', async () => {
  assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), { running: false, unbanned: [] });
  folder.write('run/irqbalance/irqbalance77.sock', '');
  folder.write('run/irqbalance/irqbalance.sock', '');
  folder.write('run/hostdev-cpuset/irqbalance-bans', 'irqbalance77.sock 1 2\n5\n');
  assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), { running: false, unbanned: [] });
  assert.throws(() => readFileSync(folder.join('run/hostdev-cpuset/irqbalance-bans')), /ENOENT/);
});

fake('an irqbalance that does not answer is reported after a second', async () => {
  await listen(() => {});
  const { running, unbanned, problem } = await new IrqbalanceBans(folder.path).set(new Set([5]));
  assert.equal({ running, unbanned }, { running: true, unbanned: [5] });
  assert.match(problem as string, /^cannot send bans to irqbalance: .*irqbalance9\.sock: ETIMEDOUT$/);
});

for (const [version, size, count] of [
  ['1.9.4', 500, 96],
  ['1.9.5', 16_384, 2000],
] as const)
  fake(`as many IRQs are banned as irqbalance ${version} reads, none truncated`, async () => {
    let there: number[] = [];
    const requests = await listen((request) => {
      const [, list] = /^settings ban irqs (.*)$/.exec(request.slice(0, size)) ?? [];
      if (list !== undefined && request.length < 16_384) there = list.trim().split(/ +/).map(Number);
      return request === 'setup' ? there.map((irq) => `IRQ ${irq} LOAD 0 `).join('') : '';
    });
    const bans = new IrqbalanceBans(folder.path);
    const many = Array.from({ length: 2000 }, (_, i) => 1000 + i);
    assert.equal((await bans.set(new Set(many))).unbanned, many.slice(count));
    assert.equal(there, many.slice(0, count));
    // The limit is known now: nothing is retried.
    const before = requests.length;
    assert.equal((await bans.set(new Set(many))).unbanned, many.slice(count));
    assert.equal(requests.slice(before), ['setup']);
    const more = Array.from({ length: 4000 }, (_, i) => 1000 + i);
    const { unbanned } = await bans.set(new Set(more));
    assert.equal([...there, ...unbanned], more);
    assert.ok(size === 500 || there.length > 3200, `${there.length}`);
  });

fake("a symbolic or hard link below a root to the host's socket is not used", async () => {
  const host = new TemporaryFolder();
  mkdirSync(host.join('run/irqbalance'), { recursive: true });
  const requests = await listen(() => '', host);
  const socket = host.join('run/irqbalance/irqbalance9.sock');
  const none = { running: false, unbanned: [] };
  try {
    symlinkSync(socket, folder.join('run/irqbalance/irqbalance9.sock'));
    assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), none);
    linkSync(socket, folder.join('run/irqbalance/irqbalance8.sock'));
    assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), none);
    rmSync(folder.join('run/irqbalance'), { recursive: true });
    symlinkSync(host.join('run/irqbalance'), folder.join('run/irqbalance'));
    assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), none);
    assert.equal(requests, []);
  } finally {
    host.remove();
  }
});

fake('a socket that is replaced by a link is not used', async () => {
  const host = new TemporaryFolder();
  mkdirSync(host.join('run/irqbalance'), { recursive: true });
  const requests = await listen(() => '', host);
  try {
    renameSync(host.join('run/irqbalance/irqbalance9.sock'), folder.join('run/irqbalance/irqbalance9.sock'));
    const [socket] = findIrqbalanceSockets(folder.path);
    assert.ok(socket);
    renameSync(folder.join('run/irqbalance/irqbalance9.sock'), host.join('run/irqbalance/irqbalance9.sock'));
    symlinkSync(host.join('run/irqbalance/irqbalance9.sock'), folder.join('run/irqbalance/irqbalance9.sock'));
    await askIrqbalance(socket, 'setup').then(assert.unreachable, ({ code }) => assert.is(code, 'ENOTSOCK'));
    assert.equal(requests, []);
  } finally {
    host.remove();
  }
});

fake('if the bans of others fill the list, nothing is sent', async () => {
  const requests = await listen((request) => {
    const others = Array.from({ length: 100 }, (_, i) => `IRQ ${1000 + i} LOAD 0 DIFF 0 CLASS 0 `).join('');
    return request === 'setup' ? `SLEEP 10 ${others}BANNED 0` : '';
  });
  assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5])), { running: true, unbanned: [5] });
  assert.equal(requests, ['setup']);
});

fake('an invalid answer and an invalid record are ignored', async () => {
  const requests = await listen((request) => (request === 'setup' ? '\xff\0IRQ -5 IRQ x IRQ 99999999999 SLEEP' : ''));
  folder.write('run/hostdev-cpuset/irqbalance-bans', '\0\n\nx\n');
  assert.equal(await new IrqbalanceBans(folder.path).set(new Set([5, 0])), { running: true, unbanned: [] });
  await until('the bans were sent', () => requests.length > 1);
  assert.equal(requests, ['setup', 'settings ban irqs 5']);
});

fake.run();

/** A server with the given answers; returns the requests that it gets. */
async function listen(answer: (request: string) => unknown, at: TemporaryFolder = folder): Promise<string[]> {
  const requests: string[] = [];
  server = createServer((connection) => {
    connection.on('error', () => {});
    connection.on('data', (data) => {
      requests.push(data.toString());
      const text = answer(data.toString());
      if (typeof text === 'string') connection.end(text, 'latin1');
    });
  });
  server.listen(at.join('run/irqbalance/irqbalance9.sock'));
  await new Promise((resolve) => server?.once('listening', resolve));
  return requests;
}

/**
 * Installs the script as `install` does, but in /run, which irqbalance sees from the tree: it accepts no path with a
 * space. Returns the directory as irqbalance sees it.
 */
function installScript(): string {
  const text = readFileSync(`${projectRoot}service/irqbalance-policy`, 'utf8');
  const path = root.write('run/irqbalance.d/policy', text.replace("\nroot=''\n", `\nroot='${root.path}'\n`));
  chmodSync(path, 0o755);
  return '/run/irqbalance.d';
}

/** While irqbalance runs the script for each IRQ, it does not answer, and a busy machine takes long for that. */
async function ask(request: string, triesLeft = 20): Promise<string> {
  const [socket] = findIrqbalanceSockets(root.path);
  assert.ok(socket);
  try {
    return await askIrqbalance(socket, request);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ETIMEDOUT' || triesLeft === 0) throw error;
    return ask(request, triesLeft - 1);
  }
}
const banned = async () => irqsOf(await ask('setup'));
/** The IRQs that irqbalance manages. */
const moved = async () => new Set([...irqsOf(await ask('stats'))].sort((a, b) => a - b));

const mask = (irq: number) => readFileSync(root.join(`proc/irq/${irq}/smp_affinity`), 'utf8').trim();
const place = (irq: number, text: string) => root.write(`proc/irq/${irq}/smp_affinity`, `${text}\n`);
const left = () => {
  try {
    return readFileSync(root.join('run/hostdev-cpuset/irqbalance-bans'), 'utf8').split('\n');
  } catch {
    return [];
  }
};
