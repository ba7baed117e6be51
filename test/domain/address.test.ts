import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AddressField, parseAddress, readAddress } from '../../src/domain/address.js';

const addresses = suite('PCI addresses');
type Fields = Partial<Record<AddressField, string>>;

const good: [fields: Fields, address: string][] = [
  [{ domain: '0x0000', bus: '0x06', slot: '0x12', function: '0x5' }, '0000:06:12.5'],
  [{ bus: '6', slot: '18', function: '5' }, '0000:06:12.5'],
  [{}, '0000:00:00.0'],
  [{ bus: '0X3B', slot: '0x0A' }, '0000:3b:0a.0'],
  [{ domain: '0x10000', bus: '0xe1' }, '10000:e1:00.0'],
  [{ domain: '0xffffffff' }, 'ffffffff:00:00.0'],
  [{ domain: '4294967295' }, 'ffffffff:00:00.0'],
  [{ domain: '65535' }, 'ffff:00:00.0'],
  [{ bus: '255', slot: '31', function: '7' }, '0000:ff:1f.7'],
  [{ bus: '07' }, '0000:07:00.0'],
  [{ bus: '00', slot: '000', function: '0' }, '0000:00:00.0'],
];
for (const [fields, address] of good) {
  addresses(`${JSON.stringify(fields)} is ${address}`, () =>
    assert.equal(readAddress(fields), { address, problems: [] }),
  );
}

const octal: [fields: Fields, address: string, hint: string][] = [
  [{ bus: '010' }, '0000:08:00.0', 'bus="0x10" if it is hexadecimal, else bus="0x8"'],
  [{ slot: '012' }, '0000:00:0a.0', 'slot="0x12" if it is hexadecimal, else slot="0xa"'],
  [{ bus: '0207' }, '0000:87:00.0', 'bus="0x87"'],
  [{ slot: '037' }, '0000:00:1f.0', 'slot="0x1f"'],
  [{ domain: '0010', function: '1' }, '0008:00:00.1', 'domain="0x010" if it is hexadecimal, else domain="0x8"'],
];
for (const [fields, address, hint] of octal) {
  addresses(`${JSON.stringify(fields)} is octal: ${address}, with a warning`, () => {
    const reading = readAddress(fields);
    assert.is(reading.address, address);
    assert.equal(
      reading.problems.map((problem) => [problem.octal, problem.hint]),
      [[true, hint]],
    );
  });
}

const bad: [fields: Fields, message: RegExp, hint?: string][] = [
  [{ bus: '08' }, /^bus="08" is not a number/, 'bus="0x08" if it is hexadecimal'],
  [{ bus: '3b' }, /^bus="3b" is not a number/, 'bus="0x3b" if it is hexadecimal'],
  [{ bus: ' 0x06' }, /is not a number/, 'bus="0x06" if it is hexadecimal'],
  [{ bus: '' }, /^bus="" is not a number/],
  [{ bus: '0x' }, /is not a number/],
  [{ bus: '-1' }, /is not a number/],
  [{ bus: '0b11' }, /is not a number/],
  [{ bus: 'xyz' }, /is not a number/],
  [{ slot: 'ff' }, /is not a number/],
  [{ bus: '1e2' }, /is not a number/],
  [{ bus: '256' }, /^bus="256" is above 0xff/],
  [{ bus: '0x100' }, /is above 0xff/],
  [{ bus: '0400' }, /is above 0xff/],
  [{ slot: '0x20' }, /is above 0x1f/],
  [{ function: '8' }, /is above 0x7/],
  [{ domain: '4294967296' }, /is above 0xffffffff/],
  [{ domain: '0x100000000' }, /is not a number/],
  [{ domain: '9'.repeat(5000) }, /is not a number/],
];
for (const [fields, message, hint] of bad) {
  addresses(`${JSON.stringify(fields).slice(0, 40)} is rejected`, () => {
    const { address, problems } = readAddress(fields);
    assert.is(address, undefined);
    const [problem] = problems;
    assert.ok(problem && problems.length === 1);
    assert.match(problem.message, message);
    assert.ok(problem.message.length < 100 && !problem.octal);
    assert.is(problem.hint, hint);
  });
}

addresses('each field has its own problem', () => {
  const { problems } = readAddress({ domain: 'x', bus: '010', slot: '99', function: '1' });
  assert.equal(
    problems.map(({ field, octal: isOctal }) => [field, isOctal]),
    [
      ['domain', false],
      ['bus', true],
      ['slot', false],
    ],
  );
});

addresses('the canonical address does not depend on how the numbers are written', () => {
  const write = (n: number) =>
    fc.constantFrom(`${n}`, `0x${n.toString(16)}`, `0X${n.toString(16).toUpperCase()}`, `0${n.toString(8)}`);
  const field = (most: number) => fc.nat(most).chain((n) => write(n).map((text): [number, string] => [n, text]));
  fc.assert(
    fc.property(field(0xfffff), field(0xff), field(0x1f), field(7), ([d, domain], [b, bus], [s, slot], [f, fn]) => {
      const { address } = readAddress({ domain, bus, slot, function: fn });
      const [left, right] = (address ?? '').split('.') as [string, string];
      assert.equal(
        left.split(':').map((part) => Number.parseInt(part, 16)),
        [d, b, s],
      );
      assert.is(Number(right), f);
      assert.is(parseAddress(address ?? ''), address);
    }),
    { numRuns: 2000 },
  );
});

addresses('only the canonical text is parsed', () => {
  for (const text of ['0000:06:12.5', 'ffff:ff:1f.7', '10000:e1:00.0', 'ffffffff:00:00.0', '0000:0a:00.0']) {
    assert.is(parseAddress(text), text);
  }
  const others = [
    '',
    '../../..',
    '0000:06:12.5/..',
    '0000:06:12.5\n',
    '\n0000:06:12.5',
    ' 0000:06:12.5',
    '06:12.5',
    '0000:6:12.5',
    '0000:06:20.0',
    '0000:06:12.8',
    '0000:06:12',
    '0000:0A:00.0',
    'FFFF:00:00.0',
    '00000:06:12.5',
    '01234:06:12.5',
    '123456789:00:00.0',
    '0000:06:12.50',
    '0000-06-12.5',
    '0000:06:12.5\0',
  ];
  for (const text of others) assert.is(parseAddress(text), undefined, JSON.stringify(text));
});

addresses.run();
