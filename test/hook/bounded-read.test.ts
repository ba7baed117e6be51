import { PassThrough, Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBounded } from '../../src/hook/bounded-read.js';
import { decode, MAX_BYTES } from '../../src/xml/decode.js';

const test = suite('bounded read');
const AMPLE = 60_000;

test('all that comes, in whatever pieces', async () => {
  const input = await readBounded(Readable.from([Buffer.from('<dom'), Buffer.from('ain/>')]), AMPLE);
  assert.ok('bytes' in input && Buffer.from(input.bytes).toString() === '<domain/>');
});

test('nothing at all', async () => {
  const input = await readBounded(Readable.from([]), AMPLE);
  assert.ok('bytes' in input && input.bytes.length === 0);
});

test('an endless stream is left as soon as it is too large to be read', async () => {
  let given = 0;
  const endless = new Readable({
    read() {
      given += 65536;
      this.push(Buffer.alloc(65536, 'x'));
    },
  });
  const input = await readBounded(endless, AMPLE);
  assert.ok('bytes' in input);
  assert.match(decode(input.bytes).problem?.message ?? '', 'larger than 16 MiB');
  assert.ok(given < MAX_BYTES + 1024 * 1024, `${given} bytes were taken`);
  assert.ok(endless.destroyed);
});

test('a stream that stays open is left when the time is up', async () => {
  const open = new PassThrough();
  open.write('<domain>');
  assert.equal(await readBounded(open, 20), { problem: 'standard input did not end within 0.02 seconds' });
  assert.ok(open.destroyed);
});

test('a stream that breaks', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('EIO: i/o error, read'));
    },
  });
  assert.equal(await readBounded(broken, AMPLE), { problem: 'standard input: EIO: i/o error, read' });
});

test.run();
