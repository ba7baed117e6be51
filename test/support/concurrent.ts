import type { suite } from 'uvu';

/**
 * Declares tests that mostly wait: all start before the first one is awaited. They share nothing and clean up
 * themselves.
 */
export function concurrent(test: ReturnType<typeof suite>): (name: string, handler: () => Promise<void>) => void {
  const started = new Map<() => Promise<void>, Promise<void>>();
  const handlers: (() => Promise<void>)[] = [];
  test.before(() => {
    for (const handler of handlers) {
      const running = handler();
      // It is awaited, and its error reported, in its own test.
      running.catch(() => {});
      started.set(handler, running);
    }
  });
  return (name, handler) => {
    handlers.push(handler);
    test(name, () => started.get(handler));
  };
}
