import { createServer, type Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type JournalLine, journalStream, sendToJournal } from '../../src/lib/journald.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('journal');
let folder: TemporaryFolder;
let server: Server;
const lines: JournalLine[] = [
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

test('a header of seven lines is followed by the lines with their priority', () => {
  const expected = 'hostdev-cpuset\n\n6\n1\n0\n0\n0\n<6>guest: started: 1 set\n<3>guest: started: no\n';
  assert.is(journalStream('hostdev-cpuset', lines), expected);
});

test('a long message is sent completely', async () => {
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
  assert.is(await sendToJournal(socket, 'hostdev-cpuset', lines), true);
  await ended;
  assert.is(received, journalStream('hostdev-cpuset', lines));
});

test('without a journal socket, nothing is sent', async () => {
  assert.is(await sendToJournal(folder.join('stdout'), 'hostdev-cpuset', lines), false);
});

test("with a file in place of the journal's socket, nothing is sent", async () => {
  assert.is(await sendToJournal(folder.write('stdout', ''), 'hostdev-cpuset', lines), false);
});

test.run();
