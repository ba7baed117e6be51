import { createServer, type Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { journalStream, sendToJournal } from '../../src/hook/journal.js';
import type { LogLine } from '../../src/hook/log-line.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('journal');
let folder: TemporaryFolder;
let server: Server;
const lines: LogLine[] = [
  { priority: 'info', text: 'guest: started: 1 set' },
  { priority: 'error', text: 'guest: started: no' },
];

test.before.each(() => {
  folder = new TemporaryFolder();
  server = createServer();
});
test.after.each(() => {
  server.close();
  folder.remove();
});

test('a head of seven lines, then each line with its priority', () => {
  const expected = 'hostdev-cpuset\n\n6\n1\n0\n0\n0\n<6>guest: started: 1 set\n<3>guest: started: no\n';
  assert.is(journalStream(lines), expected);
});

test('is sent whole', async () => {
  let received = '';
  const socket = folder.join('stdout');
  const ended = new Promise<void>((resolve) => {
    server.on('connection', (connection) => {
      connection.on('data', (data) => {
        received += data;
      });
      connection.on('end', resolve);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  assert.is(await sendToJournal(socket, lines), true);
  await ended;
  assert.is(received, journalStream(lines));
});

test('where there is none', async () => {
  assert.is(await sendToJournal(folder.join('stdout'), lines), false);
});

test('where nobody listens', async () => {
  assert.is(await sendToJournal(folder.write('stdout', ''), lines), false);
});

test.run();
