import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

// npm start builds first, which must not happen while other tests run: this tests its simulated host.
const test = suite('simulated host of npm start');

const program = `
import { StartHost } from './scripts/start-host.mjs';
const host = new StartHost('samples/hosts/workstation.json', false);
try {
  const before = JSON.parse(host.run('enforce', '--json', 'samples/gpu.xml'));
  let output = '';
  await host.watchReboot(process.env.DOMAIN, (text) => { output += text; });
  const after = JSON.parse(host.run('status', '--json', 'samples/gpu.xml'));
  console.log(JSON.stringify({ before, output, after }));
} finally {
  await host.remove();
}`;

test('an interrupt moves when its mask is written, and a watcher places the new ones after a reboot', async () => {
  const sample = readFileSync(`${projectRoot}samples/gpu.xml`, 'utf8');
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
    cwd: projectRoot,
    env: { ...process.env, DOMAIN: sample },
  });
  assert.is(code, 0, stderr);
  const { before, output, after } = JSON.parse(stdout);
  const usb = (report: typeof before) =>
    report.domains[0].devices[2].interrupts.map(({ irq, effective, action }: Record<string, unknown>) => [
      irq,
      effective,
      action,
    ]);
  assert.equal(usb(before), [
    [50, '4', 'set'],
    [51, '4', 'set'],
    [52, null, 'skip'],
  ]);
  assert.match(output, /gives up IRQ 50 and 51[\s\S]*placed on 4,12: 0000:0a:00\.3 IRQ 70/);
  assert.equal(
    usb(after).map(([irq, , action]: unknown[]) => [irq, action]),
    [
      [70, 'keep'],
      [71, 'keep'],
    ],
  );
  assert.is(after.watcher.counters.interrupts, 3);
});

const comparison = `
import { StartHost } from './scripts/start-host.mjs';
const host = new StartHost('samples/hosts/spread-two-nodes.json', false);
try {
  process.stdout.write(host.enforceAndCompare('samples/spread-two-nodes.xml'));
} finally {
  await host.remove();
}`;

test("on two nodes, each interrupt is then delivered to a vCPU on its device's node", async () => {
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', comparison], {
    cwd: projectRoot,
  });
  assert.is(code, 0, stderr);
  const [heading, ...rows] = stdout.trimEnd().split('\n');
  assert.match(heading ?? '', /^ {2}DEVICE +VECTOR +BEFORE +AFTER +FOR VCPU$/);
  const columns = rows.map((row) => row.trim().split(/ {2,}/));
  assert.equal(
    columns.map(([device, vector, before]) => [device, vector, before]),
    [
      ...['12', '4, other node', '13', '5, other node', '14'].map((cpu, k) => [
        '0000:82:02.1, node 1',
        `${k}`,
        `CPU ${cpu}`,
      ]),
      ...['6', '15, other node', '7'].map((cpu, k) => ['0000:17:00.0, node 0', `${k}`, `CPU ${cpu}`]),
    ],
  );
  for (const [device = '', , , after = ''] of columns)
    assert.match(after, device.endsWith('node 1') ? /^CPU 1[01]$/ : /^CPU [23]$/);
});

test.run();
