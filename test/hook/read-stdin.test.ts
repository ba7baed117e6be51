import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Input, readStdin } from '../../src/hook/read-stdin.js';
import { decode, MAX_BYTES } from '../../src/xml/decode.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installClock } from '../support/test-clock.js';

const test = suite('reading standard input with limits');
const LONG_TIMEOUT_MS = 60_000;
let folder: TemporaryFolder;
let opened: number[];

test.before.each(() => {
  folder = new TemporaryFolder();
  opened = [];
});
test.after.each(() => {
  opened.forEach(closeSync);
  folder.remove();
});

function open(path: string, flags: string): number {
  const fd = openSync(path, flags);
  opened.push(fd);
  return fd;
}
function pipe(): number {
  const path = folder.join('pipe');
  execFileSync('mkfifo', [path]);
  return open(path, 'r+');
}
const never = (): never => {
  throw new Error('no stream is needed');
};
const textOf = (input: Input) => ('bytes' in input ? Buffer.from(input.bytes).toString() : input.problem);
/** Neither a file nor a pipe, like a socket. */
const streamed = (stream: Readable, milliseconds = LONG_TIMEOUT_MS) =>
  readStdin(open('/dev/null', 'r'), () => stream, milliseconds);

test('a file is read from the position of its descriptor', async () => {
  folder.write('file', 'read already<domain/>');
  const fd = open(folder.join('file'), 'r');
  readSync(fd, Buffer.alloc('read already'.length));
  assert.is(textOf(await readStdin(fd, never, LONG_TIMEOUT_MS)), '<domain/>');
  assert.is(textOf(await readStdin(fd, never, LONG_TIMEOUT_MS)), '');
});

test('an oversized file is cut', async () => {
  folder.write('file', 'x'.repeat(MAX_BYTES + 1024 * 1024));
  const input = await readStdin(open(folder.join('file'), 'r'), never, LONG_TIMEOUT_MS);
  assert.ok('bytes' in input && input.bytes.length < MAX_BYTES + 100_000);
});

test('a pipe that stays open is closed at the time limit', async () => {
  const fd = pipe();
  writeSync(fd, '<domain>');
  assert.equal(await readStdin(fd, never, 20), { problem: 'standard input did not end within 0.02 seconds' });
});

test('a clock that is set back does not make the time limit longer', async () => {
  const fd = pipe();
  const clock = installClock();
  try {
    assert.equal(await readStdin(fd, never, 20), { problem: 'standard input did not end within 0.02 seconds' });
  } finally {
    clock.uninstall();
  }
});

test('an unreadable descriptor is reported', async () => {
  folder.write('file', '');
  const fd = open(folder.join('file'), 'w');
  assert.match(textOf(await readStdin(fd, never, LONG_TIMEOUT_MS)), /^standard input: EBADF/);
});

test('a stream is read in chunks of any size', async () => {
  assert.is(textOf(await streamed(Readable.from([Buffer.from('<dom'), Buffer.from('ain/>')]))), '<domain/>');
  assert.is(textOf(await streamed(Readable.from([]))), '');
});

test('an endless stream is closed as soon as it is too large', async () => {
  let given = 0;
  const endless = new Readable({
    read() {
      given += 65536;
      this.push(Buffer.alloc(65536, 'x'));
    },
  });
  const input = await streamed(endless);
  assert.ok('bytes' in input);
  assert.match(decode(input.bytes).problem?.message ?? '', 'larger than 16 MiB');
  assert.ok(given < MAX_BYTES + 1024 * 1024, `${given} bytes were taken`);
  assert.ok(endless.destroyed);
});

test('a stream that stays open is closed at the time limit', async () => {
  const stays = new PassThrough();
  stays.write('<domain>');
  assert.equal(await streamed(stays, 20), { problem: 'standard input did not end within 0.02 seconds' });
  assert.ok(stays.destroyed);
});

test('a stream error is reported', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('EIO: i/o error, read'));
    },
  });
  assert.is(textOf(await streamed(broken)), 'standard input: EIO: i/o error, read');
});

test.run();
