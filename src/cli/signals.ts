import { EXIT } from './io.js';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
        ignored = false;
      }
    },
    end: () => {
      for (const signal of ENDING) process.off(signal, onSignal);
    },
  };
}
