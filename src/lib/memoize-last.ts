/**
 * Remembers a function's result for the last argument. Not for all in a WeakMap: young objects in it survive every
 * minor garbage collection.
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
