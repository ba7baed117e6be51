/**
 * The same function, which keeps its latest answer: rules ask for the same definition, one after the other. Not a WeakMap: young
 * objects in it outlive every scavenge.
 */
export function memoizeLast<Asked extends object, Answer>(answer: (asked: Asked) => Answer): (asked: Asked) => Answer {
  let latest: { asked: Asked; answer: Answer } | undefined;
  return (asked) => {
    if (latest?.asked !== asked) latest = { asked, answer: answer(asked) };
    return latest.answer;
  };
}
