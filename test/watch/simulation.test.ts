import { suite } from 'uvu';
import { take } from './simulation/happenings.js';
import { history, type Step, shrink } from './simulation/steps.js';
import { Violation, World } from './simulation/world.js';

const simulation = suite('simulation');
/** Of one history; there are four of them. */
const STEPS = 2600;

/** What goes wrong in a history, and after which step; undefined: nothing. */
function failure(steps: readonly Step[], traced: boolean): { message: string; at: number } | undefined {
  const world = new World(traced);
  let at = 0;
  try {
    for (; at < steps.length; at++) take(world, steps[at] as Step);
    for (const guest of world.guests) world.stop(guest);
    for (const guest of world.guests) world.tell(guest);
    world.pass(60_000);
    world.checkEmpty();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { message: error.message, at };
  }
  return undefined;
}

for (const seed of seeds()) {
  for (const traced of [false, true]) {
    simulation(`200 domains for a day, seed ${seed}, ${traced ? 'told by the kernel' : 'at intervals'}`, () => {
      const steps = history(seed, STEPS);
      const found = failure(steps, traced);
      if (!found) return;
      const least = shrink(steps.slice(0, found.at + 1), (fewer) => failure(fewer, traced) !== undefined);
      const lines = least.map((step) => JSON.stringify(step)).join('\n');
      throw new Error(`seed ${seed}: ${failure(least, traced)?.message}\n${least.length} steps do:\n${lines}`);
    });
  }
}

/** HOSTDEV_CPUSET_SEEDS=3,4,5 tries others. */
function seeds(): number[] {
  return (process.env.HOSTDEV_CPUSET_SEEDS ?? '1,2').split(',').map(Number);
}

simulation.run();
