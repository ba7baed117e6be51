/**
 * Caches a function's result for its last argument. A WeakMap of all arguments would be slower: its young entries
 * survive every minor garbage collection.
 */
export function memoizeLast<Argument extends object, Result>(
  compute: (argument: Argument) => Result,
): (argument: Argument) => Result {
  let last: { argument: Argument; result: Result } | undefined;
  return (argument) => {
    if (last?.argument !== argument) last = { argument, result: compute(argument) };
    return last.result;
  };
}
