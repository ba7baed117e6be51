import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode, MAX_BYTES } from '../../src/xml/decode.js';

const decoding = suite('decode');

decoding('UTF-8 is read, including a BOM', () => {
  for (const text of ['<domain/>', '\ufeff<domain/>', '<a>ü€\u{1F600}\ufffd</a>', '\ufeff', ' ']) {
    assert.equal(decode(utf8(text)), { text });
  }
});

decoding('encoding the decoded text gives the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      const { text, problem } = decode(bytes);
      if (!problem) assert.equal([...utf8(text)], [...bytes]);
      else assert.ok(problem.offset <= text.length);
    }),
    { numRuns: 5000 },
  );
});

decoding('any text without NUL is read unchanged', () => {
  const character = fc.constantFrom('<', 'a', 'ü', '€', '\ufffd', '\u{1F600}', '\ufeff', '\r', '\n');
  fc.assert(
    fc.property(fc.array(character, { minLength: 1 }), (characters) => {
      const text = characters.join('');
      assert.equal(decode(utf8(text)), { text });
    }),
    { numRuns: 2000 },
  );
});

const wide: [name: string, bytes: number[], encoding: string][] = [
  ['UTF-16 LE with BOM', [0xff, 0xfe, 0x3c, 0, 0x61, 0], 'UTF-16'],
  ['UTF-16 BE with BOM', [0xfe, 0xff, 0, 0x3c, 0, 0x61], 'UTF-16'],
  ['UTF-16 LE', [0x3c, 0, 0x61, 0], 'UTF-16'],
  ['UTF-16 BE', [0, 0x3c, 0, 0x61], 'UTF-16'],
  ['UTF-32 LE with BOM', [0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0], 'UTF-32'],
  ['UTF-32 BE with BOM', [0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c], 'UTF-32'],
  ['UTF-32 LE', [0x3c, 0, 0, 0, 0x61, 0, 0, 0], 'UTF-32'],
  ['UTF-32 BE', [0, 0, 0, 0x3c, 0, 0, 0, 0x61], 'UTF-32'],
];
for (const [name, bytes, encoding] of wide) {
  decoding(`${name} is recognized`, () => {
    const { problem } = decode(Uint8Array.from(bytes));
    assert.is(problem?.message, `the file is in ${encoding}`);
    assert.is(problem?.hint, 'save it as UTF-8');
    assert.is(problem?.offset, 0);
  });
}

// Bytes that UTF-8 forbids: alone, truncated, overlong, a surrogate, beyond Unicode.
const invalid = [
  [0x80],
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
];
for (const bytes of invalid) {
  decoding(`the position of the invalid bytes ${Buffer.from(bytes).toString('hex')} is found`, () => {
    for (const before of ['', '<a>', '\ufeff<a>', 'ü€\u{1F600}', '\ufffd', 'x\ufffd\ufffdx', '\u{1F600}\ufffd\n']) {
      for (const after of ['', 'x', '\ufffd', '</a>']) {
        const { text, problem } = decode(Buffer.concat([utf8(before), Uint8Array.from(bytes), utf8(after)]));
        assert.is(problem?.message, 'invalid UTF-8');
        assert.is(problem?.offset, before.length);
        assert.ok(text.startsWith(before), 'the text before the position is kept');
      }
    }
  });
}

decoding('the position of a NUL is found', () => {
  const { problem } = decode(utf8('<a>ü\n\0</a>'));
  assert.match(problem?.message ?? '', /^NUL byte/);
  assert.is(problem?.offset, 5);
});

decoding('an empty file is rejected', () => {
  assert.is(decode(new Uint8Array()).problem?.message, 'the file is empty');
});

decoding('16 MiB are read, one byte more is not', () => {
  assert.is(MAX_BYTES, 16 * 1024 * 1024);
  const bytes = new Uint8Array(MAX_BYTES + 1).fill(0x20);
  assert.is(decode(bytes.subarray(1)).problem, undefined);
  assert.is(decode(bytes).problem?.message, 'the file is larger than 16 MiB');
});

decoding.run();

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
