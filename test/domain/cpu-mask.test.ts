import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMask, parseCpuList, parseMask } from '../../src/domain/cpu-mask.js';
import { cpusetOf, formatCpuset } from '../../src/domain/cpuset.js';

const masks = suite('CPU masks and lists');

const cpus = fc.uniqueArray(fc.nat(1100), { maxLength: 40 });

masks('a mask is the hexadecimal number with these bits', () => {
  fc.assert(
    fc.property(cpus, (list) => {
      const set = cpusetOf(list);
      const mask = formatMask(set);
      assert.match(mask, /^[0-9a-f]{8}(,[0-9a-f]{8})*$/);
      const bits = list.reduce((sum, cpu) => sum | (1n << BigInt(cpu)), 0n);
      assert.is(BigInt(`0x${mask.replaceAll(',', '')}`), bits);
      assert.equal(parseMask(mask), set);
      assert.equal(parseMask(`${mask}\n`), set);
    }),
    { numRuns: 2000 },
  );
});

const table: [mask: string, list: string][] = [
  ['00000000', ''],
  ['0', ''],
  ['f', '0-3'],
  ['ff', '0-7'],
  ['80000000', '31'],
  ['ffffffff', '0-31'],
  ['1,00000000', '32'],
  ['00000001,80000000', '31-32'],
  ['3,ffffffff,ffffffff', '0-65'],
  [`10000000,${'00000000,'.repeat(33)}00000001`, '0,1116'],
  ['FF', '0-7'],
];
for (const [mask, list] of table) {
  masks(`the mask ${mask.slice(0, 30)} is ${list || 'empty'}`, () => {
    const set = parseMask(mask);
    assert.ok(set);
    assert.is(formatCpuset(set), list);
    assert.equal(parseCpuList(list), set);
    assert.equal(parseMask(formatMask(set)), set);
  });
}

masks('a text that the kernel would not print is not a mask', () => {
  for (const text of [
    '',
    '\n',
    'g',
    '0x1',
    '1,0',
    ',00000000',
    '1,',
    '1,00000000,',
    '123456789',
    ' 1',
    '1 ',
    '1\n\n',
    '1,000000001',
  ]) {
    assert.is(parseMask(text), undefined, JSON.stringify(text));
  }
});

masks('a formatted CPU list parses to the same set', () => {
  fc.assert(
    fc.property(cpus, (list) => {
      const set = cpusetOf(list);
      assert.equal(parseCpuList(formatCpuset(set)), set);
      assert.equal(parseCpuList(`${formatCpuset(set)}\n`), set);
    }),
  );
});

masks('a text that the kernel would not print is not a CPU list', () => {
  for (const text of ['^1', '3-0', '0-3,', ',', 'a', '0x1', '1 2', '1-', '-1', '0-3,^2', '1234567']) {
    assert.is(parseCpuList(text), undefined, text);
  }
});

masks.run();
