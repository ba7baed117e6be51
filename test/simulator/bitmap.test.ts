import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMask, parseMask } from '../../src/domain/cpu-mask.js';
import { type Cpuset, cpusetOf, formatCpuset } from '../../src/domain/cpuset.js';
import { BitmapFormat } from './bitmap.js';

const masks = suite("the kernel's masks");

const printed: [width: number, cpus: number[], text: string][] = [
  [1, [0], '1'],
  [2, [0, 1], '3'],
  [16, [], '0000'],
  [32, [31], '80000000'],
  [33, [0], '0,00000001'],
  [36, [35], '8,00000000'],
  [40, [0, 39], '80,00000001'],
  [64, [2, 3], '00000000,0000000c'],
  [96, [64], '00000001,00000000,00000000'],
];
for (const [width, cpus, text] of printed) {
  masks(`of ${width} CPUs: ${text}`, () => assert.is(new BitmapFormat(width).print(cpusetOf(cpus)), text));
}

masks('a printed mask is parsed, up to 1,024 CPUs', () => {
  const widthAndCpus = fc
    .integer({ min: 1, max: 1024 })
    .chain((width) => fc.tuple(fc.constant(width), fc.uniqueArray(fc.nat(width - 1), { maxLength: 60 })));
  fc.assert(
    fc.property(widthAndCpus, ([width, cpus]) => {
      const kernel = new BitmapFormat(width);
      const set = cpusetOf(cpus);
      const text = kernel.print(set);
      assert.equal(parseMask(`${text}\n`), set);
      assert.equal(kernel.parse(text), set);
      assert.equal(kernel.parse(`${formatMask(set)}\n`), set, 'the masks of this project are accepted');
      assert.is(text.replaceAll(',', '').length, Math.ceil(width / 4));
      assert.match(text, /^[0-9a-f]{1,8}(,[0-9a-f]{8})*$/);
    }),
    { numRuns: 300 },
  );
});

const taken: [text: string, answer: string][] = [
  ['c\n', '2-3'],
  ['C', '2-3'],
  ['1,0', '32'],
  ['00000001,00000000\nrest', '32'],
  ['0\n', ''],
  ['', ''],
  ['100000000', 'EOVERFLOW'],
  ['100,00000000', 'EOVERFLOW'],
  ['0,00000000,00000001', 'EOVERFLOW'],
  ['x', 'EINVAL'],
  ['0x3', 'EINVAL'],
  ['^1', 'EINVAL'],
  ['2-3', 'EINVAL'],
];
const show = (answer: Cpuset | string) => (typeof answer === 'string' ? answer : formatCpuset(answer));
for (const [text, answer] of taken) {
  masks(`a kernel of 40 CPUs parses the mask ${JSON.stringify(text)} as ${answer || 'empty'}`, () => {
    assert.is(show(new BitmapFormat(40).parse(text)), answer);
  });
}

const lists: [text: string, answer: string][] = [
  ['2-3,39\n', '2-3,39'],
  ['40', 'ERANGE'],
  ['0-40', 'ERANGE'],
  ['3-2', 'EINVAL'],
  ['0-3,^2', 'EINVAL'],
  ['x', 'EINVAL'],
];
for (const [text, answer] of lists) {
  masks(`a kernel of 40 CPUs parses the list ${JSON.stringify(text)} as ${answer}`, () => {
    assert.is(show(new BitmapFormat(40).parseList(text)), answer);
  });
}

masks.run();
