import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

// npm start builds first, which no test may do while others run: this is the host that it shows.
const test = suite('the host of npm start');

const program = `
import { StartHost } from './scripts/start-host.mjs';
const host = new StartHost('samples/hosts/workstation.json', false);
try {
  const before = JSON.parse(host.run('enforce', '--json', 'samples/gpu.xml'));
  let said = '';
  await host.hold(process.env.DOMAIN, (text) => { said += text; });
  const after = JSON.parse(host.run('status', '--json', 'samples/gpu.xml'));
  console.log(JSON.stringify({ before, said, after }));
} finally {
  await host.remove();
}`;

test('an interrupt moves when its mask is written, and a watcher places those that a reboot brings', async () => {
  const sample = readFileSync(`${projectRoot}samples/gpu.xml`, 'utf8');
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
    cwd: projectRoot,
    env: { ...process.env, DOMAIN: sample },
  });
  assert.is(code, 0, stderr);
  const { before, said, after } = JSON.parse(stdout);
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
  assert.match(said, /gives up IRQ 50 and 51[\s\S]*placed on 4,12: 0000:0a:00\.3 IRQ 70/);
  assert.equal(
    usb(after).map(([irq, , action]: unknown[]) => [irq, action]),
    [
      [70, 'keep'],
      [71, 'keep'],
    ],
  );
  assert.is(after.watcher.counters.interrupts, 3);
});

test.run();
