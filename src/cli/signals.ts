import { EXIT } from './io.js';

const TERMINATION_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ctrl-C reaches this process and the child. On a loaded host we may receive it this much later than the child's exit.
 */
const LATE_SIGNAL_MS = 50;

export interface SignalHandling {
  /** runs work that starts a child which handles Ctrl-C */
  ignoringInterrupt<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/** Until `end`, a terminating signal calls `beforeExit` first. */
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
        await new Promise((resolve) => setTimeout(resolve, LATE_SIGNAL_MS));
        ignoresInterrupt = false;
      }
    },
    end: () => {
      for (const signal of TERMINATION_SIGNALS) process.off(signal, onSignal);
    },
  };
}

/**
 * A terminating signal takes effect between files, not while one is written: a temporary file would be left. Writing is
 * synchronous, and signals are handled after it.
 */
export async function betweenWrites<T>(work: () => T | Promise<T>): Promise<T> {
  const signals = onTermination(() => {});
  try {
    return await work();
  } finally {
    await pendingSignals();
    signals.end();
  }
}

/** Handles the signals that have arrived: reading them takes a whole turn of the event loop. */
export async function pendingSignals(): Promise<void> {
  // not node:timers/promises, which takes milliseconds to load
  for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
}
