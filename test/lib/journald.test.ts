import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JournaldWriter } from '../../src/lib/journald.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('journald writer');
let folder: TemporaryFolder;
let plain: string[];
let journal: JournaldWriter;
test.before.each(() => {
  folder = new TemporaryFolder();
  plain = [];
  // A logger that fails while the file `busy` exists.
  const logger = `#!/bin/sh\n[ ! -e '${folder.join('busy')}' ] || exit 1\ncat >>'${folder.join('received')}'\n`;
  chmodSync(folder.write('logger', logger), 0o755);
});
test.after.each(() => {
  journal.close();
  folder.remove();
});

const received = () => (existsSync(folder.join('received')) ? readFileSync(folder.join('received'), 'utf8') : '');

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

test('after a failure fields are sent to journald again', async () => {
  await writeTwo(0);
  assert.equal(plain, ['first']);
  assert.match(received(), /^MESSAGE=second$/m);
});

test('after a failure journald is not tried again at once', async () => {
  await writeTwo();
  assert.equal(plain, ['first', 'second']);
  assert.is(received(), '');
});

test('without journald, lines are plain text', () => {
  journal = open(undefined, folder.join('none'));
  write('first');
  assert.equal(plain, ['first']);
});

test.run();
