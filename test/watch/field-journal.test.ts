import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JournaldWriter } from '../../src/watch/output/journald.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('journal with fields');
const { PATH } = process.env;
let folder: TemporaryFolder;
let plain: string[];
let journal: JournaldWriter;
test.before.each(() => {
  folder = new TemporaryFolder();
  plain = [];
  // a logger that fails while there is a file `busy`
  const logger = `#!/bin/sh\n[ ! -e '${folder.join('busy')}' ] || exit 1\ncat >>'${folder.join('taken')}'\n`;
  chmodSync(folder.write('logger', logger), 0o755);
  process.env.PATH = `${folder.path}:${PATH}`;
});
test.after.each(() => {
  journal.close();
  process.env.PATH = PATH;
  folder.remove();
});

const taken = () => (existsSync(folder.join('taken')) ? readFileSync(folder.join('taken'), 'utf8') : '');

const open = (rest?: number) => new JournaldWriter(({ text }) => plain.push(text), folder.write('socket', ''), rest);

async function writeTwo(rest?: number): Promise<void> {
  journal = open(rest);
  folder.write('busy', '');
  journal.write({ priority: 'info', text: 'first' });
  await journal.flush();
  rmSync(folder.join('busy'));
  journal.write({ priority: 'info', text: 'second' });
  await journal.flush();
}

test('a journald that was busy once is given fields again', async () => {
  await writeTwo(0);
  assert.equal(plain, ['first']);
  assert.match(taken(), /^MESSAGE=second$/m);
});

test('but not at once: nothing waits for it again and again', async () => {
  await writeTwo();
  assert.equal(plain, ['first', 'second']);
  assert.is(taken(), '');
});

test('where there is no journald, lines are plain', () => {
  journal = new JournaldWriter(({ text }) => plain.push(text), folder.join('none'));
  journal.write({ priority: 'info', text: 'first' });
  assert.equal(plain, ['first']);
});

test.run();
