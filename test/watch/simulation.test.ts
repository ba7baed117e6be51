import { suite } from 'uvu';
import { HISTORY_STEPS, simulate } from './simulation/simulate.js';

const simulation = suite('simulation');
/** In all tests together; `npm run test:simulation` plays more. */
const STEPS = 10_000;
const TESTS = 10;

const histories = STEPS / HISTORY_STEPS / TESTS;
for (let first = 1; first <= TESTS * histories; first += histories) {
  simulation(`hosts with domains, movers and failures, from seed ${first} on`, () => {
    for (let seed = first; seed < first + histories; seed++) {
      const report = simulate(seed);
      if (report !== undefined) throw new Error(report);
    }
  });
}

simulation.run();
