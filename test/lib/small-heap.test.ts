import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

const test = suite('small heap');

/** Allocates for a while, and prints how large the heap of new objects became. */
const PROGRAM = `
const { getHeapSpaceStatistics } = require('node:v8');
let largest = 0;
for (let round = 0, kept = []; round < 200; round++) {
  for (let i = 0; i < 10_000; i++) kept.push({ i });
  if (round % 10 === 9) kept = [];
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  largest = Math.max(largest, space.physical_space_size);
}
console.log(largest);`;

async function largest(before: string): Promise<number> {
  const { code, stdout, stderr } = await run(process.execPath, ['-e', `${before}.then(() => { ${PROGRAM} })`]);
  // V8 reports a flag that it does not know
  assert.equal([code, stderr], [0, '']);
  return Number(stdout);
}

const MODULE = `${projectRoot}dist/modules/src/lib/small-heap.js`;

test('this V8 knows the flag, and the heap of new objects stays small', async () => {
  const usual = await largest('Promise.resolve()');
  const small = await largest(`import(${JSON.stringify(MODULE)}).then(({ keepHeapSmall }) => keepHeapSmall())`);
  assert.ok(small < usual, `${small} bytes, without the flag ${usual}`);
});

test.run();
