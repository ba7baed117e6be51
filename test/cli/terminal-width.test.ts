import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { columnsOf } from '../../src/cli/columns.js';
import { textWidth } from '../../src/lib/text-width.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { needs, suiteWhere } from '../support/needs.js';
import { Workstation } from '../support/simulated-tree.js';
import { talkInTerminal } from '../support/terminal.js';

const test = suiteWhere('terminal width', needs('script'));
const gpu = join(projectRoot, 'samples/gpu.xml');
let host: Workstation;
test.before.each(() => {
  host = new Workstation();
});
test.after.each(() => host.remove());

/** The lines that a command prints on a terminal of this width. */
async function linesOn(columns: number, args: string[], env = {}): Promise<string[]> {
  const prefix = `stty cols ${columns};`;
  const { stdout, code } = await talkInTerminal('hostdev-cpuset', args, [], { env, prefix });
  const text = stripVTControlCharacters(stdout).replaceAll('\r\n', '\n');
  assert.is(code, 0, text);
  return text.split('\n').slice(0, -1);
}

for (const command of ['plan', 'enforce', 'status']) {
  test(`${command} fits terminals of 0 to 200 columns`, async () => {
    for (const columns of [0, 1, 20, 32, 48, 80, 200]) {
      const lines = await linesOn(columns, [command, '--root', host.root, gpu]);
      const width = columns === 0 ? 80 : Math.max(columns, 20);
      for (const line of lines) assert.ok(textWidth(line) <= width, `${columns}: ${line}`);
      for (const irq of [41, 42, 50, 51, 52]) assert.match(lines.join('\n'), new RegExp(`\\b${irq}\\b`), `${columns}`);
    }
  });
}

test('a terminal without a width counts as 80 columns, like files and pipes', async () => {
  const args = ['plan', '--root', host.root, gpu];
  const eighty = await linesOn(80, args);
  assert.equal(await linesOn(0, args), eighty);
  const { stdout } = await runInProcess('hostdev-cpuset', args, { env: { COLUMNS: '' } });
  assert.equal(stdout.split('\n').slice(0, -1), eighty);
});

test('a terminal of fewer than 20 columns gets the text for 20', async () => {
  // a sample lasts longer on a busy machine, and its text says so
  const args = ['status', '--sample', '0', '--root', host.root, gpu];
  assert.equal(await linesOn(1, args), await linesOn(20, args));
});

test('COLUMNS takes precedence if it is a number', async () => {
  const args = ['plan', '--root', host.root, gpu];
  assert.equal(await linesOn(0, args, { COLUMNS: '32' }), await linesOn(32, args));
  assert.is(columnsOf({ COLUMNS: '132' }, 80), 132);
  for (const COLUMNS of ['', '0', '-1', '8e1', 'x', '99999999999', ' 20']) {
    assert.is(columnsOf({ COLUMNS }, 100), 100, COLUMNS);
    assert.is(columnsOf({ COLUMNS }, 0), 80, COLUMNS);
    assert.is(columnsOf({ COLUMNS }, undefined), 80, COLUMNS);
  }
});

test('status --watch fits terminals of 0 to 32 columns', async () => {
  for (const columns of [0, 1, 20, 32]) {
    const steps = [{ when: /quits|…/, type: 'q' }];
    const args = ['status', '--watch', '0.1', '--root', host.root, gpu];
    const prefix = `stty rows 200 cols ${columns};`;
    const { stdout, code } = await talkInTerminal('hostdev-cpuset', args, steps, { prefix });
    assert.is(code, 0, stdout);
    for (const line of stdout.replaceAll('\u001b[H', '\r\n').split('\r\n').map(stripVTControlCharacters))
      assert.ok(textWidth(line) <= (columns || 80), `${columns}: ${line}`);
  }
});

test('enforce prints its report on the narrowest terminal', async () => {
  await linesOn(1, ['enforce', '--root', host.root, gpu]);
  assert.match(readFileSync(join(host.root, 'proc/irq/41/smp_affinity'), 'utf8'), /f0f0/);
});

test.run();
