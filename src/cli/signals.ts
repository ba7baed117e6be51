import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './io.js';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How much later than a child a signal to both may be taken here; a loaded host takes its threads in any order. */
const LATE_SIGNAL_MS = 50;

export interface Signals {
  /** while this runs, Ctrl-C is the child's affair */
  withoutInterrupt<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/** Until `end`, a signal that would end the process first has the last word said. */
export function keepOnSignals(lastWord: () => void): Signals {
  let ignored = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' && ignored) return;
    lastWord();
    process.exit(EXIT.failed);
  };
  for (const signal of ENDING) process.on(signal, onSignal);
  return {
    async withoutInterrupt(work) {
      ignored = true;
      try {
        return await work();
      } finally {
        // The same Ctrl-C can reach us after the child's end.
        await sleep(LATE_SIGNAL_MS);
        ignored = false;
      }
    },
    end: () => {
      for (const signal of ENDING) process.off(signal, onSignal);
    },
  };
}
