import { isInitialNamespace, MOVE, REQUEST } from './trace-sources.js';

/** What calls of kernel functions say of interrupts, without their numbers. */
export interface VectorRequests {
  /** threads that requested an interrupt for VFIO; 0: a thread without a number in our PID namespace */
  threads: number[];
  /** somebody else wrote the affinity of some interrupt */
  moved: boolean;
  /** time of the first call, ms of CLOCK_MONOTONIC */
  at: number;
}

/** `task-thread [cpu] flags seconds: function <-caller`; a task's name may contain anything. */
const CALL = new RegExp(
  String.raw`-(\d{1,10}) +(?:\([ \d-]+\) +)?\[\d+\] \S+ +(\d+\.\d+): (${REQUEST}|${MOVE}) <-(\S+)`,
  'g',
);

/**
 * Parses lines of trace_pipe; undefined without a call that matters: the host's own drivers request interrupts, too.
 */
export function parseVectorRequests(text: string): VectorRequests | undefined {
  const calls = [...text.matchAll(CALL)].map(([, thread, seconds, name, caller = '']) => {
    return { thread: Number(thread), at: Number(seconds) * 1000, isMove: name === MOVE, isVfio: /^vfio/.test(caller) };
  });
  const relevant = calls.filter(({ isMove, isVfio }) => isMove || isVfio);
  const [first] = relevant;
  if (!first) return undefined;
  const isKnown = isInitialNamespace();
  const threads = relevant.filter(({ isMove }) => !isMove).map(({ thread }) => (isKnown ? thread : 0));
  return { threads: [...new Set(threads)], moved: relevant.some(({ isMove }) => isMove), at: first.at };
}
