import { parseArgs } from 'node:util';
import { HISTORY_STEPS, simulate } from './simulate.js';

/** `npm run test:simulation -- --seed 7 --steps 1000000`: plays the histories of this seed and the following ones. */
const { values } = parseArgs({ options: { seed: { type: 'string' }, steps: { type: 'string' } } });
const [first, steps] = [Number(values.seed ?? 1), Number(values.steps ?? 1_000_000)];
if (![first, steps].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('usage: --seed N, --steps N: whole numbers from 1 up');
  process.exit(2);
}

const beganMs = performance.now();
let failures = 0;
for (let [seed, left] = [first, steps]; left > 0; seed++, left -= HISTORY_STEPS) {
  const report = simulate(seed, Math.min(left, HISTORY_STEPS));
  if (report !== undefined) {
    failures++;
    console.log(`${report}\nonce more: npm run test:simulation -- --seed ${seed} --steps ${HISTORY_STEPS}\n`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${steps - left + HISTORY_STEPS} of ${steps} steps`);
}
const seconds = Math.round((performance.now() - beganMs) / 1000);
console.log(`${steps} steps from seed ${first} on in ${seconds} s: ${failures} histories failed`);
process.exitCode = failures > 0 ? 1 : 0;
