import { take } from './events.js';
import { type History, historyOf, type Setup, type Step, shrink } from './steps.js';
import { Violation, World } from './world.js';

/** Steps of one history: a host is new in each. */
export const HISTORY_STEPS = 250;

/** What goes wrong in a history, and at which step; undefined: nothing. */
function failureOf({ setup, steps }: History): { message: string; at: number } | undefined {
  const world = new World(setup);
  let at = 0;
  try {
    for (; at < steps.length; at++) take(world, steps[at] as Step);
    world.settle();
    for (const guest of world.guests) world.stop(guest);
    for (const guest of world.guests) world.report(guest);
    world.pass(60_000);
    world.checkEmpty();
  } catch (error) {
    // a mistake of the product's may show as any other error
    const message = error instanceof Violation ? error.message : ((error as Error).stack ?? String(error));
    return { message, at };
  }
  return undefined;
}

/** Plays the history of a seed. @returns what goes wrong, with the fewest steps that lead to it; undefined: nothing */
export function simulate(seed: number, length = HISTORY_STEPS): string | undefined {
  const { setup, steps } = historyOf(seed, length);
  const found = failureOf({ setup, steps });
  return found && reportOf(seed, setup, steps.slice(0, found.at + 1));
}

function reportOf(seed: number, setup: Setup, steps: readonly Step[]): string {
  const fails = (fewer: readonly Step[]) => failureOf({ setup, steps: [...fewer] }) !== undefined;
  const least = shrink(steps, fails);
  const message = failureOf({ setup, steps: least })?.message;
  const lines = [JSON.stringify(setup), ...least.map((step) => JSON.stringify(step))];
  return [`seed ${seed}: ${message}`, `${least.length} steps lead to it, after this setup:`, ...lines].join('\n');
}
