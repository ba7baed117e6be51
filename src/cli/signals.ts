import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './io.js';

const TERMINATION_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A Ctrl-C goes to this process and the child. On a loaded host we may get it this much later than the child's exit. */
const LATE_SIGNAL_MS = 50;

export interface SignalHandling {
  /** runs work that starts a child which handles Ctrl-C */
  ignoringInterrupt<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/** Until `end`, a signal that terminates the process calls `beforeExit` first. */
export function onTermination(beforeExit: () => void): SignalHandling {
  let ignoresInterrupt = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' && ignoresInterrupt) return;
    beforeExit();
    process.exit(EXIT.failed);
  };
  for (const signal of TERMINATION_SIGNALS) process.on(signal, onSignal);
  return {
    async ignoringInterrupt(work) {
      ignoresInterrupt = true;
      try {
        return await work();
      } finally {
        await sleep(LATE_SIGNAL_MS);
        ignoresInterrupt = false;
      }
    },
    end: () => {
      for (const signal of TERMINATION_SIGNALS) process.off(signal, onSignal);
    },
  };
}
