import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JournaldWriter } from '../../src/lib/journald.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('journal with fields');
let folder: TemporaryFolder;
let plain: string[];
let journal: JournaldWriter;
test.before.each(() => {
  folder = new TemporaryFolder();
  plain = [];
  // a logger that fails while there is a file `busy`
  const logger = `#!/bin/sh\n[ ! -e '${folder.join('busy')}' ] || exit 1\ncat >>'${folder.join('taken')}'\n`;
  chmodSync(folder.write('logger', logger), 0o755);
});
test.after.each(() => {
  journal.close();
  folder.remove();
});

const taken = () => (existsSync(folder.join('taken')) ? readFileSync(folder.join('taken'), 'utf8') : '');

const open = (pauseAfterFailureMs = 60_000, socket = folder.write('socket', '')) => {
  const env = { PATH: `${folder.path}:${process.env.PATH}` };
  return new JournaldWriter({ socket, pid: process.pid, env, pauseAfterFailureMs });
};
const write = (text: string) => journal.write([['MESSAGE', text]], () => plain.push(text));

async function writeTwo(pauseAfterFailureMs?: number): Promise<void> {
  journal = open(pauseAfterFailureMs);
  folder.write('busy', '');
  write('first');
  await journal.flush();
  rmSync(folder.join('busy'));
  write('second');
  await journal.flush();
}

test('a journald that was busy once is given fields again', async () => {
  await writeTwo(0);
  assert.equal(plain, ['first']);
  assert.match(taken(), /^MESSAGE=second$/m);
});

test('it is not tried again at once', async () => {
  await writeTwo();
  assert.equal(plain, ['first', 'second']);
  assert.is(taken(), '');
});

test('where there is no journald, lines are plain', () => {
  journal = open(undefined, folder.join('none'));
  write('first');
  assert.equal(plain, ['first']);
});

test.run();
